// A verdict on one thing, with the reasons that led to it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "model/ports/observation_store.hpp"
#include "search/assessment.hpp"

namespace noroshi::search {

enum class Verdict : std::uint8_t { unknown, benign, victim, scanner, suspicious, malicious };
auto to_string(Verdict verdict) -> std::string_view;

struct Judgement {
  Verdict verdict = Verdict::unknown;
  std::vector<Reason> reasons;  // every one that was found, at least one
};

/// What is known about a source address. Malicious conduct outweighs everything; then what an analyst holds benign (the
/// scanners of research projects visit decoys too); then the rest. A spoofable source gets no verdict from its visits.
auto judge_source(model::Value const &address, std::optional<model::Profile> const &profile,
                  std::span<NamedHit const> hits) -> Judgement;

/// The weaknesses that an address was observed to try, or that a report names for it, without the merely claimed ones.
auto cves_of(std::span<NamedHit const> hits) -> std::vector<std::string>;

/// What is known about a URL, a domain or a hash: by its hits, and by the observations that name it.
struct Mentions {
  std::uint64_t all = 0;
  std::uint64_t downloads = 0;  // among them: a visitor told a decoy to fetch it
};
auto judge_thing(Mentions const &mentions, std::span<NamedHit const> hits) -> Judgement;

}  // namespace noroshi::search
