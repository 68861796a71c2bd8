// Probes: under which indicators a value may be known. Every store looks these up and nothing else, so that all of them
// answer alike. docs/decisions/what-answers-for-a-value.md has the reasons.
#pragma once

#include <span>
#include <vector>

#include "model/ports/indicator_store.hpp"
#include "model/value.hpp"

namespace noroshi::model {

struct Probe {
  MatchKind match = MatchKind::exact;
  Value value;  // the indicator that would answer
  auto operator==(Probe const &) const -> bool = default;
};

/// Which lengths the stored blocks have, so that an address is not looked up in 33 or 129 of them. Any order; lengths
/// past the family's bits are passed over.
struct PrefixLengths {
  std::span<unsigned const> v4, v6;
};

/// Of a URL's path at most so many leading parts are looked up, counted from the root (Google Safe Browsing stops at
/// 4).
inline constexpr auto kMaxUrlPrefixes = std::size_t{6};

/// The types of which a value asked as `type` may be, itself first: 32 hexadecimal digits may be an MD5, an imphash, a
/// JA3 or a HASSH, and who pastes them seldom says which. Only `md5` is asked so; every other type is itself alone.
auto look_alikes(ValueType type) -> std::span<ValueType const>;
/// The type under which a store hashes values of `type`, so that look-alikes are found with one hash.
constexpr auto hashed_as(ValueType type) -> ValueType {
  switch (type) {
    case ValueType::imphash:
    case ValueType::ja3:
    case ValueType::hassh: return ValueType::md5;
    default: return type;
  }
}

/// The probes for a canonical value, in the order in which a store reports its hits:
/// any value: itself (exact); md5: also as what else has its form (exact).
/// ip, cidr: the blocks around it (range), longest first; a block's own length is the exact probe.
/// domain: the names above it down to the registrable one (parent), nearest first.
/// url: itself without its query (url_no_query), then host and leading path (url_prefix), longest first: the folders of
/// its path, each under the scheme asked; http and https stand for each other there, as text without a scheme counts as
/// http. Its host alone never answers for a URL: ask the host as a value of its own.
auto probes(Value const &value, PrefixLengths lengths) -> std::vector<Probe>;

}  // namespace noroshi::model
