#include "sense/unknown_commands.hpp"

#include <algorithm>

namespace noroshi::sense {

void UnknownCommands::count(std::string_view command) {
  command = command.substr(0, kMaxLength);
  auto const held = std::lock_guard{mutex_};
  if (auto const known = counts_.find(command); known != counts_.end()) {
    ++known->second;
    return;
  }
  auto inherited = std::uint64_t{0};
  if (counts_.size() >= kMaxEntries) {
    auto const rarest = std::ranges::min_element(counts_, {}, [](auto const &entry) { return entry.second; });
    inherited = rarest->second;
    counts_.erase(rarest);
  }
  counts_.emplace(command, inherited + 1);
}

auto UnknownCommands::top(std::size_t most) const -> std::vector<Entry> {
  auto entries = std::vector<Entry>{};
  {
    auto const held = std::lock_guard{mutex_};
    for (auto const &[command, count] : counts_) entries.push_back({command, count});
  }
  std::ranges::sort(entries, std::greater{}, &Entry::count);
  entries.resize(std::min(most, entries.size()));
  return entries;
}

}  // namespace noroshi::sense
