// What many contexts have in common (source, report, role, marking, tags…) is kept once a run, as a descriptor; the
// rest of a context, which differs from indicator to indicator, is a fragment that names it.
//
// descriptor = i64 source, i64 report, u32 generation, u8 role, u8 direction, u8 evidence, u16 n, n bytes attribute
//              — so far the key —
//              u8 collected by, u8 scope, u8 confidence, u8 tlp, u8 pap, u8 to_ids, u16 tags, each u16 n, n bytes
//                                                                                                  (little-endian)
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "model/context.hpp"

namespace noroshi::know::engine {

/// How often what a source said was replaced as a whole.
using Generation = std::uint32_t;

auto to_descriptor(model::Context const &context, Generation generation) -> std::string;
/// The members that a descriptor holds. malformed.
auto read_descriptor(std::string_view descriptor) -> Result<model::Context>;
/// The front of every descriptor, read without allocating. Zeros where it is too short.
struct DescriptorHead {
  model::SourceId source;
  model::ReportId report;
  Generation generation = 0;
};
auto head_of(std::string_view descriptor) -> DescriptorHead;
/// Contexts of one indicator whose descriptors have the same key are one context.
auto key_of(std::string_view descriptor) -> std::string_view;

/// The part of a context that is an indicator's own.
struct Fragment {
  std::uint32_t descriptor = 0;  // number in its run
  std::int64_t first_seen = 0;   // µs since 1970
  std::int64_t last_seen = 0;
  std::uint64_t count = 1;
  bool expires = false;
  std::int64_t expiry = 0;
  std::uint64_t version = 0;   // number of the commit that wrote it last
  std::uint64_t sequence = 0;  // that commit's position in its stream
};

auto to_fragment(model::Context const &context, std::uint32_t descriptor, std::uint64_t version) -> Fragment;
/// Fills in what the fragment holds.
void add_fragment(model::Context &context, Fragment const &fragment);

/// The descriptors of a run that is being built, each once.
class DescriptorTable {
public:
  /// The descriptor's number: the same for the same bytes.
  auto intern(std::string_view descriptor) -> std::uint32_t;
  /// Descriptors with the same key have the same number here.
  [[nodiscard]] auto key_number(std::uint32_t descriptor) const -> std::uint32_t { return keys_[descriptor]; }
  [[nodiscard]] auto operator[](std::uint32_t descriptor) const -> std::string_view { return all_[descriptor]; }
  [[nodiscard]] auto size() const -> std::size_t { return all_.size(); }

private:
  std::deque<std::string> all_;  // a deque: the maps' views stay where they are
  std::vector<std::uint32_t> keys_;
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::unordered_map<std::string_view, std::uint32_t> key_numbers_;
};

/// Merges those of one indicator's fragments that have the same key; their descriptors are in `table`.
auto unite(std::vector<Fragment> &fragments, DescriptorTable &table) -> Result<void>;

}  // namespace noroshi::know::engine
