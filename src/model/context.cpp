#include "model/context.hpp"

#include <iterator>
#include <limits>

#include "model/words.hpp"

namespace noroshi::model {

namespace {

constexpr auto kRoles = std::array{
    Word{Role::unknown, "unknown"},   Word{Role::scanner, "scanner"},   Word{Role::c2, "c2"},
    Word{Role::download, "download"}, Word{Role::phishing, "phishing"}, Word{Role::relay, "relay"},
    Word{Role::victim, "victim"},     Word{Role::benign, "benign"},     Word{Role::reference, "reference"},
};
constexpr auto kDirections = std::array{
    Word{Direction::unknown, "unknown"},
    Word{Direction::inbound, "inbound"},
    Word{Direction::outbound, "outbound"},
    Word{Direction::both, "both"},
};
constexpr auto kEvidence = std::array{
    Word{Evidence::claimed, "claimed"},
    Word{Evidence::observed, "observed"},
    Word{Evidence::verified, "verified"},
};
constexpr auto kCollectedBy = std::array{
    Word{CollectedBy::decoy, "decoy"},   Word{CollectedBy::access_log, "access_log"},
    Word{CollectedBy::report, "report"}, Word{CollectedBy::sinkhole, "sinkhole"},
    Word{CollectedBy::feed, "feed"},     Word{CollectedBy::analyst, "analyst"},
};
constexpr auto kTlp = std::array{
    Word{Tlp::clear, "clear"}, Word{Tlp::green, "green"},
    Word{Tlp::amber, "amber"}, Word{Tlp::amber_strict, "amber+strict"},
    Word{Tlp::red, "red"},
};
constexpr auto kPap = std::array{
    Word{Pap::clear, "clear"},
    Word{Pap::green, "green"},
    Word{Pap::amber, "amber"},
    Word{Pap::red, "red"},
};
constexpr auto kScopes = std::array{Word{Scope::exact, "exact"}, Word{Scope::subtree, "subtree"}};

/// A marking as people and MISP tags write it ("TLP:AMBER+STRICT", "pap:white") as our word.
auto marking_word(std::string_view text, std::string_view prefix) -> std::string {
  auto word = std::string{text};
  for (auto &character : word)
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character + ('a' - 'A'));
  if (word.starts_with(prefix)) word.erase(0, prefix.size());
  return word == "white" ? "clear" : word;  // TLP 1.0's and PAP's older word
}

/// Counts stop at the largest number, so that adding stays associative.
auto add_saturated(std::uint64_t a, std::uint64_t b) -> std::uint64_t {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  return a > kMost - b ? kMost : a + b;
}

auto unite(std::vector<std::string> &into, std::vector<std::string> const &from) -> void {
  if (from.empty() || into == from) return;
  auto both = std::vector<std::string>{};
  both.reserve(into.size() + from.size());
  std::ranges::set_union(into, from, std::back_inserter(both));
  into = std::move(both);
}

auto later(std::optional<Time> a, std::optional<Time> b) -> std::optional<Time> {
  if (!a || !b) return std::nullopt;
  return std::max(*a, *b);
}

}  // namespace

auto to_string(Role role) -> std::string_view { return word_of(kRoles, role); }
auto to_string(Direction direction) -> std::string_view { return word_of(kDirections, direction); }
auto to_string(Evidence evidence) -> std::string_view { return word_of(kEvidence, evidence); }
auto to_string(CollectedBy collected_by) -> std::string_view { return word_of(kCollectedBy, collected_by); }
auto to_string(Tlp tlp) -> std::string_view { return word_of(kTlp, tlp); }
auto to_string(Pap pap) -> std::string_view { return word_of(kPap, pap); }
auto to_string(Scope scope) -> std::string_view { return word_of(kScopes, scope); }

auto parse_role(std::string_view text) -> Result<Role> { return parse_word(kRoles, text, "a role"); }
auto parse_direction(std::string_view text) -> Result<Direction> {
  return parse_word(kDirections, text, "a direction");
}
auto parse_evidence(std::string_view text) -> Result<Evidence> {
  return parse_word(kEvidence, text, "a kind of evidence");
}
auto parse_collected_by(std::string_view text) -> Result<CollectedBy> {
  return parse_word(kCollectedBy, text, "a way of collecting");
}
auto parse_tlp(std::string_view text) -> Result<Tlp> {
  return parse_word(kTlp, marking_word(text, "tlp:"), "a TLP marking");
}
auto parse_pap(std::string_view text) -> Result<Pap> {
  return parse_word(kPap, marking_word(text, "pap:"), "a PAP marking");
}
auto parse_scope(std::string_view text) -> Result<Scope> { return parse_word(kScopes, text, "a scope"); }

auto same_key(Context const &a, Context const &b) -> bool {
  return a.source == b.source && a.report == b.report && a.role == b.role && a.direction == b.direction &&
         a.evidence == b.evidence && a.attribute == b.attribute;
}

void merge(Context &into, Context const &from) {
  // Where one of two must win, the greater does: any fixed order makes merging associative and commutative.
  into.collected_by = std::max(into.collected_by, from.collected_by);
  into.scope = std::max(into.scope, from.scope);
  into.first_seen = std::min(into.first_seen, from.first_seen);
  into.last_seen = std::max(into.last_seen, from.last_seen);
  into.count = add_saturated(into.count, from.count);
  into.confidence = std::max(into.confidence, from.confidence);
  into.tlp = std::max(into.tlp, from.tlp);
  into.pap = std::max(into.pap, from.pap);
  into.to_ids = into.to_ids || from.to_ids;
  unite(into.tags, from.tags);
  into.expiry = later(into.expiry, from.expiry);
  into.sequence = std::max(into.sequence, from.sequence);
}

}  // namespace noroshi::model
