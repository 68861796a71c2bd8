// Which of many lists hold a name, or a name above it: a binary search a label.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace noroshi::understand {

/// Immutable once built, so thread-safe. The texts it was built from outlive it.
class NameIndex {
public:
  using Entry = std::pair<std::string_view, std::uint32_t>;  // a canonical domain, the number of its list

  NameIndex() = default;
  explicit NameIndex(std::vector<Entry> entries) : entries_(std::move(entries)) { std::ranges::sort(entries_); }

  /// Numbers of the lists that name the domain or one above it, ascending, each once.
  [[nodiscard]] auto find(std::string_view domain) const -> std::vector<std::uint32_t> {
    auto numbers = std::vector<std::uint32_t>{};
    if (entries_.empty()) return numbers;
    for (auto name = domain; !name.empty();) {
      auto const found = std::ranges::equal_range(entries_, name, {}, &Entry::first);
      for (auto const &[text, number] : found) numbers.push_back(number);
      auto const dot = name.find('.');
      name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
    }
    std::ranges::sort(numbers);
    auto const again = std::ranges::unique(numbers);
    numbers.erase(again.begin(), again.end());
    return numbers;
  }

private:
  std::vector<Entry> entries_;  // by name, then number
};

}  // namespace noroshi::understand
