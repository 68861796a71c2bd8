// The commands that visitors typed and no decoy knew, most frequent first: the operator's list of what to build next.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace noroshi::sense {

/// Space-saving counts (Metwally, Agrawal, El Abbadi 2005): bounded memory, and the frequent ones are never lost; a
/// count may be too high by what the replaced entry had. Thread-safe.
class UnknownCommands {
public:
  struct Entry {
    std::string command;
    std::uint64_t count = 0;
  };
  void count(std::string_view command);
  [[nodiscard]] auto top(std::size_t most) const -> std::vector<Entry>;

private:
  /// Enough that the top twenty are right even while a visitor types random words.
  static constexpr auto kMaxEntries = std::size_t{256};
  /// A command's name; what is longer is an argument, or noise.
  static constexpr auto kMaxLength = std::size_t{64};

  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace noroshi::sense
