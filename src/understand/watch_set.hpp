// All watched values as one table in memory: asked about every observation and every new indicator, so an address costs
// a few probes and a name a few more, however many values there are.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ip.hpp"
#include "model/ports/watch_book.hpp"
#include "model/value.hpp"

namespace noroshi::understand {

/// Immutable once filled. Values are canonical.
class WatchSet {
public:
  WatchSet();

  /// The same value may be added for several watches, and for one watch again.
  void add(model::WatchId watch, model::ValueType type, std::string_view text);
  /// Behind the last add().
  void finish();

  struct Match {
    std::uint32_t entry = 0;
    model::MatchKind match = model::MatchKind::exact;
    auto operator<=>(Match const &) const = default;
  };
  /// Watched values that `address` answers: itself, and every block around it.
  void match(model::IpAddress address, std::vector<Match> &to) const;
  /// Watched values that `value` answers: itself; for an address or block the blocks around it; for a name the names
  /// above it, down to the registrable one; for a URL it without its query, its host and leading path (model::probes).
  void match(model::Value const &value, std::vector<Match> &to) const;
  /// Watched values that an indicator would answer for if they were searched: those of match(), the host of a URL, and
  /// for a block the addresses inside, for a domain the names below. At most kMaxCovered of the latter two.
  void match_indicator(model::Value const &indicator, std::vector<Match> &to) const;
  static constexpr auto kMaxCovered = std::size_t{1'000};

  [[nodiscard]] auto empty() const -> bool { return entries_.empty(); }
  [[nodiscard]] auto size() const -> std::size_t { return entries_.size(); }
  /// The youngest watch in it; numbers grow.
  [[nodiscard]] auto youngest() const -> model::WatchId { return youngest_; }
  /// True where a value of that type is watched: else texts that could only be one need not be looked at.
  [[nodiscard]] auto has(model::ValueType type) const -> bool {
    return (types_ >> static_cast<unsigned>(type) & 1) != 0;
  }
  [[nodiscard]] auto value(std::uint32_t entry) const -> model::Value;
  void each_watch(std::uint32_t entry, std::function<void(model::WatchId)> const &take) const;

private:
  struct Entry {
    std::uint64_t text_at = 0;  // in texts_
    std::uint32_t link = 0;     // first in links_
    std::uint16_t size = 0;
    model::ValueType type = model::ValueType::ip;
  };
  struct Link {
    model::WatchId watch;
    std::uint32_t next = 0;
  };
  static constexpr auto kNone = ~std::uint32_t{0};
  static constexpr auto kWhole = std::uint64_t{255};  // in place of a prefix length: the address itself

  [[nodiscard]] auto hash_of(model::IpAddress address, std::uint64_t length) const -> std::uint64_t;
  [[nodiscard]] auto hash_of(model::ValueType type, std::string_view text) const -> std::uint64_t;
  [[nodiscard]] auto hash_of_value(model::ValueType type, std::string_view text) const -> std::uint64_t;
  [[nodiscard]] auto text_of(Entry const &entry) const -> std::string_view {
    return std::string_view{texts_}.substr(entry.text_at, entry.size);
  }
  template <class Same>
  [[nodiscard]] auto find(std::uint64_t hash, Same const &same) const -> std::uint32_t;
  [[nodiscard]] auto find_text(model::ValueType type, std::string_view text) const -> std::uint32_t;
  void match_blocks(model::IpAddress address, unsigned shorter_than, std::vector<Match> &to) const;
  void insert(std::uint64_t hash, std::uint32_t entry);
  void grow();
  void cover_addresses(model::IpPrefix const &block, std::vector<Match> &to) const;
  void cover_names(std::string_view domain, std::vector<Match> &to) const;

  std::uint64_t seed_;  // visitors choose addresses and names, so the hash is keyed
  std::string texts_;
  std::vector<Entry> entries_;
  std::vector<Link> links_;
  std::vector<std::uint64_t> slots_;  // upper half of the hash, number of the entry; open addressing, half full at most
  std::vector<unsigned> v4_lengths_, v6_lengths_;                      // of watched blocks, longest first
  std::vector<std::pair<model::IpAddress, std::uint32_t>> addresses_;  // sorted
  std::vector<std::uint32_t> names_;                                   // sorted by text read backwards
  model::WatchId youngest_;
  std::uint64_t types_ = 0;  // bit i: a value of ValueType i
};

}  // namespace noroshi::understand
