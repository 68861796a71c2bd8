// How much a hit is worth, said with every hit: a hit that misleads is worse than none. docs/reference/assessment.md
// tells how it is decided, and tests/search/assessment.toml case by case.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/ports/indicator_store.hpp"
#include "model/where_from.hpp"
#include "search/sentences.hpp"
#include "understand/never_list.hpp"

namespace noroshi::search {

/// A hit with the names that people know its numbers by.
struct NamedHit {
  model::Hit hit;
  std::string source;  // "sensor/home"
  std::string report;  // its title; empty where there is none
};

enum class Strength : std::uint8_t { weak, medium, strong };
auto to_string(Strength strength) -> std::string_view;

/// What a value is evidence of. Those of one kind are met by the same chance; two hashes may be of one file.
enum class EvidenceKind : std::uint8_t { none, address, name, url, mail, file, wallet };
auto kind_of(model::ValueType type) -> EvidenceKind;

/// What a hit gives to one of another kind in the same report (corroboration.hpp), the least first: nothing (it is
/// claimed, a part only, or many share it at the same time); what is shared in turn, half a year ago or since; what was
/// one party's half a year ago; what is one party's.
enum class Footing : std::uint8_t { nothing, shared_once, shared, aged, firm };

/// What was last seen longer ago weighs less: addresses and domains have usually changed hands by then (half a year;
/// the decay that MISP's taxonomies assume too).
inline constexpr auto kOldDays = std::int64_t{180};

struct Assessment {
  Strength strength = Strength::weak;
  std::int64_t time_gap_days = 0;            // from the last sighting to the question
  std::vector<std::string> shared;           // why the value may stand for many: "special_purpose", "cloud", "vpn"…
  Reason reason;                             // the circumstance that weighs most, for the sentence
  std::vector<std::string> corroborated_by;  // values of the same question that made it stronger
  Footing footing = Footing::nothing;
  Strength ceiling = Strength::strong;   // what another kind of evidence can make of it
  std::optional<model::Flag> shared_by;  // the list that says so, where it is on one
};

/// What lists say of the value asked, whoever else knows it.
struct Listed {
  std::vector<model::Flag> flags;                // of its address or name, or of its URL's
  std::optional<understand::NeverReason> never;  // why no block may name it
};

/// One assessment for each of one value's hits, in their order, from what is said about this value alone.
///
/// claimed only → weak; observed by one source → medium; verified, or observed by two sources that say the same of the
/// value itself → strong: one that says it is harmless confirms nothing. A domain above
/// the name asked says little (weak) unless its scope is the whole subtree; a URL that shares only a part weighs one
/// step less; so does what was last seen more than 180 days ago, and more than two years ago it is weak: files alone
/// (and wallets) stay what they are. What many share is never strong by itself.
auto assess(model::Value const &asked, std::span<NamedHit const> hits, Time now, Listed const &listed = {})
    -> std::vector<Assessment>;

}  // namespace noroshi::search
