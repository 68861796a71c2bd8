// Which of many lists hold a name, or a name above it: one probe a label.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace noroshi::understand {

/// Immutable once built, so thread-safe. The texts it was built from outlive it.
class NameIndex {
public:
  using Entry = std::pair<std::string_view, std::uint32_t>;  // a canonical domain, the number of its list

  NameIndex() = default;
  explicit NameIndex(std::vector<Entry> entries) : entries_(std::move(entries)) {
    std::ranges::sort(entries_);
    first_.reserve(entries_.size());
    for (auto i = std::uint32_t{0}; i < entries_.size(); ++i) first_.try_emplace(entries_[i].first, i);
  }

  /// Numbers of the lists that name the domain or one above it, ascending, each once.
  [[nodiscard]] auto find(std::string_view domain) const -> std::vector<std::uint32_t> {
    auto numbers = std::vector<std::uint32_t>{};
    if (entries_.empty()) return numbers;
    for (auto name = domain; !name.empty();) {
      if (auto const found = first_.find(name); found != first_.end())
        for (auto i = found->second; i < entries_.size() && entries_[i].first == name; ++i)
          numbers.push_back(entries_[i].second);
      auto const dot = name.find('.');
      name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
    }
    std::ranges::sort(numbers);
    auto const again = std::ranges::unique(numbers);
    numbers.erase(again.begin(), again.end());
    return numbers;
  }

private:
  std::vector<Entry> entries_;                                 // by name, then number
  std::unordered_map<std::string_view, std::uint32_t> first_;  // where a name begins; no attacker chooses what is in it
};

}  // namespace noroshi::understand
