// What detectors concluded from a group of batches: contexts to write, as values and as bytes of a log record.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/ip.hpp"
#include "model/ports/indicator_store.hpp"

namespace noroshi::understand {

/// Who stands behind an observation: the key of what is known about a visitor's own address.
struct Visitor {
  model::IpAddress address;
  model::SourceId source;                                       // the sensor's
  std::string_view service;                                     // the decoy's; becomes the attribute "decoy/SERVICE"
  model::CollectedBy collected_by = model::CollectedBy::decoy;  // the same for all of a source
};

/// What one observation says about its visitor.
struct Conduct {
  Time time{};
  Time expiry{};
  std::uint64_t sessions = 0;
  std::uint8_t confidence = 0;
  std::string_view tag;  // "attack:T1110", "cve:CVE-2018-13379", or empty
};

/// Contexts of one group, merged by indicator and key, so that a source with a thousand tries costs one write.
/// A visitor that the group knows already costs no allocation: detectors stand in the path of every observation.
class Derived {
public:
  /// More distinct contexts than this in a group are not kept one by one: a flood of made-up URLs must not fill memory.
  static constexpr auto kLimit = std::size_t{200'000};
  /// And no more bytes of values than this: the whole is one record of the intake log.
  static constexpr auto kByteLimit = std::size_t{16} << 20;

  Derived();

  /// An observed, inbound scanner, fit for blocking. Whether the address may be an indicator is the caller's question.
  void add(Visitor const &visitor, Conduct const &conduct);
  /// True where add() was called for the visitor before, in this group.
  [[nodiscard]] auto knows(Visitor const &visitor) -> bool;
  /// Any other context.
  void add(model::Value const &indicator, model::Context const &context);

  /// Visitors by address and sensor, then the others in the order in which they came.
  [[nodiscard]] auto writes() && -> std::vector<model::IndicatorWrite>;
  [[nodiscard]] auto left_out() const -> std::uint64_t { return left_out_; }

private:
  /// Hash table of numbers of entries: open addressing, at most half full.
  class Index {
  public:
    /// The slot of the entry for which `same(number)` holds, or the free one where it belongs.
    template <class Same>
    auto find(std::uint64_t hash, Same const &same) -> std::uint32_t & {
      for (auto at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1))
        if (slots_[at] == kFree || same(slots_[at])) return slots_[at];
    }
    static constexpr auto kFree = ~std::uint32_t{0};
    /// Makes room for one entry more; `hash_of(number)` gives the hash of an entry that is in.
    template <class HashOf>
    void grow(std::size_t entries, HashOf const &hash_of) {
      if ((entries + 1) * 2 <= slots_.size()) return;
      slots_.assign(slots_.size() * 2, kFree);
      for (auto number = std::uint32_t{0}; number < entries; ++number)
        find(hash_of(number), [](std::uint32_t) { return false; }) = number;
    }

  private:
    std::vector<std::uint32_t> slots_ = std::vector<std::uint32_t>(1024, kFree);
  };

  struct VisitorEntry {
    model::IpAddress address;
    model::SourceId source;
    std::uint32_t service = 0;  // number in services_
    std::uint8_t confidence = 0;
    model::CollectedBy collected_by = model::CollectedBy::decoy;
    std::uint64_t tags = 0;                   // bit i: tags_[i]
    std::vector<std::uint32_t> further_tags;  // those past the bits
    std::uint64_t sessions = 0;
    Time first{}, last{}, expiry{};
  };

  struct Other {
    std::uint64_t hash;
    model::IndicatorWrite write;
  };

  auto full() const -> bool;
  auto number_of(std::string_view service) -> std::uint32_t;
  auto slot_of(Visitor const &visitor) -> std::uint32_t &;
  auto hash_of(Visitor const &visitor, std::uint32_t service) const -> std::uint64_t;
  void add_tag(VisitorEntry &entry, std::string_view tag);
  auto write_of(VisitorEntry const &entry) const -> model::IndicatorWrite;

  std::uint64_t seed_;  // visitors choose addresses and URLs, so the hash is keyed
  std::vector<VisitorEntry> visitors_;
  std::vector<Other> others_;
  Index visitor_index_, other_index_;
  std::uint32_t latest_ = Index::kFree;  // a visit's observations come one after the other
  std::vector<std::string> services_, tags_;
  std::size_t bytes_ = 0;
  std::uint64_t left_out_ = 0;
};

auto encode(std::vector<model::IndicatorWrite> const &writes) -> std::string;
auto decode_derived(std::string_view bytes) -> Result<std::vector<model::IndicatorWrite>>;
/// The same off the front of `bytes`; what follows is left in it.
auto take_derived(std::string_view &bytes) -> Result<std::vector<model::IndicatorWrite>>;

}  // namespace noroshi::understand
