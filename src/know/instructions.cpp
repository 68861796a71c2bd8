#include "know/instructions.hpp"

#include <algorithm>
#include <atomic>

namespace noroshi::know {

namespace {
auto chosen() -> std::atomic<Instructions> & {
  static auto instructions = std::atomic{best_instructions()};
  return instructions;
}
}  // namespace

auto best_instructions() -> Instructions {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") != 0) return Instructions::avx512;
  if (__builtin_cpu_supports("avx2") != 0) return Instructions::avx2;
#endif
  return Instructions::scalar;
}

auto instructions() -> Instructions { return chosen().load(std::memory_order_relaxed); }
void use_instructions(Instructions wanted) { chosen() = std::min(wanted, best_instructions()); }

}  // namespace noroshi::know
