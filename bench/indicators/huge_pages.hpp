// Zeroed memory in huge pages, as the store keeps its filters in.
#pragma once

#include <sys/mman.h>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace noroshi::bench {

template <class T>
class HugePages {
public:
  explicit HugePages(std::size_t count) : count_(count) {
    constexpr auto kHugePage = std::size_t{2} << 20;
    bytes_ = (count * sizeof(T) + kHugePage - 1) / kHugePage * kHugePage;
    at_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at_ == MAP_FAILED) {
      std::fputs("bench: no memory for what is to be measured; ask for a smaller size\n", stderr);
      std::exit(3);
    }
    ::madvise(at_, bytes_, MADV_HUGEPAGE);
  }
  HugePages(HugePages const &) = delete;
  auto operator=(HugePages const &) -> HugePages & = delete;
  ~HugePages() { ::munmap(at_, bytes_); }
  [[nodiscard]] auto all() const -> std::span<T> { return {static_cast<T *>(at_), count_}; }

private:
  std::size_t count_, bytes_ = 0;
  void *at_ = nullptr;
};

}  // namespace noroshi::bench
