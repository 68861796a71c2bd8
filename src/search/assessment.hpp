// How much a hit is worth, said with every hit: a hit that misleads is worse than none.
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

struct Assessment {
  Strength strength = Strength::weak;
  std::int64_t time_gap_days = 0;   // from the last sighting to the question
  std::vector<std::string> shared;  // why the value may stand for many: "special_purpose", "cloud", "vpn"…
  Reason reason;                    // the circumstance that weighs most, for the sentence
};

/// What lists say of the value asked, whoever else knows it.
struct Listed {
  std::vector<model::Flag> flags;                // of its address, or of its URL's
  std::optional<understand::NeverReason> never;  // why no block may name it
};

/// One assessment for each of one value's hits, in their order.
///
/// claimed only → weak; observed by one source → medium; verified, or observed by two sources → strong. A domain above
/// the name asked says little (weak) unless its scope is the whole subtree; a URL that shares only a part weighs one
/// step less; so does what was last seen more than 180 days ago, and an address that many share (cloud, CDN, VPN, Tor,
/// proxy, hosting, relay, carrier NAT, sinkhole).
auto assess(model::Value const &asked, std::span<NamedHit const> hits, Time now, Listed const &listed = {})
    -> std::vector<Assessment>;

}  // namespace noroshi::search
