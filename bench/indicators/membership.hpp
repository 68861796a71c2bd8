// A billion hashes without values: what of the store's look-up fits this machine at that size.
#pragma once

#include <cstdint>

namespace noroshi::bench {

/// Builds the store's filter of `count` hashes and asks it. False where a hash that is there was not found, or wrong
/// answers are more frequent than one in 1,000. Prints times unless `quiet`.
auto membership(std::uint64_t count, bool quiet) -> bool;

}  // namespace noroshi::bench
