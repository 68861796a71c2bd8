// A set of line hashes: eight bytes an entry, no allocation an insertion.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace noroshi::understand {

class LineSet {
public:
  /// False where it is there already.
  auto insert(std::uint64_t line) -> bool {
    if (line == 0) line = 1;  // 0 marks an empty place
    if ((size_ + 1) * 2 > places_.size()) grow();
    auto &place = find(line);
    if (place == line) return false;
    place = line;
    ++size_;
    return true;
  }
  [[nodiscard]] auto size() const -> std::size_t { return size_; }

private:
  static constexpr auto kFirstPlaces = std::size_t{64};

  // The hashes are keyed, so nobody can aim at one place; their low bits are as good as any.
  auto find(std::uint64_t line) -> std::uint64_t & {
    auto at = line & (places_.size() - 1);
    while (places_[at] != 0 && places_[at] != line) at = (at + 1) & (places_.size() - 1);
    return places_[at];
  }
  void grow() {
    auto const old = std::exchange(places_, std::vector<std::uint64_t>(std::max(kFirstPlaces, 2 * places_.size())));
    for (auto const line : old)
      if (line != 0) find(line) = line;
  }

  std::vector<std::uint64_t> places_;
  std::size_t size_ = 0;
};

}  // namespace noroshi::understand
