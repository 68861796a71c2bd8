// Which vector instructions the hot loops use: the best that this processor has, found out once.
#pragma once

#include <cstdint>

namespace noroshi::know {

/// Each includes those before it. avx512: AVX-512 BW.
enum class Instructions : std::uint8_t { scalar, avx2, avx512 };

auto best_instructions() -> Instructions;
/// What is used: the best, unless a test chose otherwise.
auto instructions() -> Instructions;
/// For tests: no more than this processor has.
void use_instructions(Instructions wanted);

}  // namespace noroshi::know
