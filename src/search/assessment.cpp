#include "search/assessment.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "model/ip.hpp"

namespace noroshi::search {
namespace {

// Two years: registrations have run out, leases have ended, servers were replaced.
constexpr auto kVeryOldDays = std::int64_t{730};
// A name of a dynamic DNS service is taken back where nobody confirms it for a month or two.
constexpr auto kDynamicNameDays = std::int64_t{90};

auto is_special(model::Value const &value) -> bool {
  if (value.type != model::ValueType::ip) return false;
  auto const address = model::IpAddress::parse(value.text);
  return address && address->is_special();
}

/// Who says the same. That a thing is harmless confirms no attack, nor does it that it was a victim; no attack denies
/// that its source is a victim too.
enum class Side : std::uint8_t { attack, harmless, victim };
constexpr auto kSides = std::size_t{3};
auto side_of(model::Role role) -> Side {
  if (role == model::Role::benign || role == model::Role::reference) return Side::harmless;
  return role == model::Role::victim ? Side::victim : Side::attack;
}

/// What sources that completed a handshake or better say of the value itself.
struct Voices {
  std::array<std::size_t, kSides> sources{};  // different ones
  std::array<NamedHit const *, kSides> first{};
  [[nodiscard]] auto agree_with(model::Role role) const -> std::size_t {
    return sources[static_cast<std::size_t>(side_of(role))];
  }
  /// The first that contradicts, or nullptr.
  [[nodiscard]] auto against(model::Role role) const -> NamedHit const * {
    auto const side = side_of(role);
    if (side == Side::victim) return nullptr;
    return first[static_cast<std::size_t>(side == Side::attack ? Side::harmless : Side::attack)];
  }
};

auto voices_of(std::span<NamedHit const> hits) -> Voices {
  auto voices = Voices{};
  auto heard = std::vector<std::pair<Side, model::SourceId>>{};
  for (auto const &named : hits) {
    auto const &context = named.hit.context;
    if (context.evidence == model::Evidence::claimed || named.hit.match != model::MatchKind::exact) continue;
    auto const side = side_of(context.role);
    auto &first = voices.first[static_cast<std::size_t>(side)];
    if (first == nullptr) first = &named;
    heard.emplace_back(side, context.source);
  }
  std::ranges::sort(heard);
  auto const again = std::ranges::unique(heard);
  heard.erase(again.begin(), again.end());
  for (auto const &[side, source] : heard) ++voices.sources[static_cast<std::size_t>(side)];
  return voices;
}

auto lowered(Strength strength) -> Strength { return strength == Strength::strong ? Strength::medium : Strength::weak; }

auto days_between(Time seen, Time now) -> std::int64_t {
  return std::max<std::int64_t>(0, std::chrono::floor<std::chrono::days>(now - seen).count());
}

void weigh_evidence(NamedHit const &named, Voices const &voices, Assessment &assessment) {
  auto const &[hit, source, report] = named;
  auto const sources = voices.agree_with(hit.context.role);
  auto const days = std::pair<std::string, std::string>{"days", std::to_string(assessment.time_gap_days)};
  if (hit.context.evidence == model::Evidence::claimed) {
    assessment.strength = Strength::weak;
    assessment.reason = {"claimed_only", {days}};
  } else if (hit.context.evidence == model::Evidence::verified) {
    assessment.strength = Strength::strong;
    assessment.reason = {"verified", {{"source", source}, days}};
  } else if (sources >= 2 && hit.match == model::MatchKind::exact) {
    assessment.strength = Strength::strong;
    assessment.reason = {"observed_independently", {{"sources", std::to_string(sources)}, days}};
  } else if (auto const *const against = voices.against(hit.context.role)) {
    assessment.strength = Strength::medium;
    assessment.reason = {
        "contradicted",
        {{"source", source}, {"said", std::string{to_string(hit.context.role)}}, {"against", against->source}, days}};
  } else {
    assessment.strength = Strength::medium;
    auto const is_told = hit.context.collected_by == model::CollectedBy::report ||
                         hit.context.collected_by == model::CollectedBy::feed ||
                         hit.context.collected_by == model::CollectedBy::analyst;
    assessment.reason = {is_told ? "reported_once" : "observed_once", {{"source", source}, days}};
  }
}

void weigh_match(model::Hit const &hit, Assessment &assessment) {
  auto const indicator = std::pair<std::string, std::string>{"indicator", hit.indicator.text};
  if (hit.match == model::MatchKind::parent && hit.context.scope != model::Scope::subtree) {
    assessment.strength = Strength::weak;
    assessment.reason = {"parent_only", {indicator}};
  } else if (hit.match == model::MatchKind::url_no_query || hit.match == model::MatchKind::url_prefix) {
    assessment.strength = lowered(assessment.strength);
    assessment.reason = {"url_part_only", {indicator}};
  }
}

/// How the many who share something share it.
enum class Manner : std::uint8_t {
  at_once,   // whoever looks at much traffic meets it by chance, however fresh it is
  mixed,     // the same, but the lists also name what one party has
  in_turn,   // one tenant at a time, the next within minutes
  slowly,    // one owner for months
  defended,  // it was an attacker's, and is a defender's now
};

struct Sharing {
  model::FlagKind kind;
  Manner manner;
};
/// The kind that says most first. A known scanner is one party.
constexpr auto kSharing =
    std::array{Sharing{model::FlagKind::sinkhole, Manner::defended},   Sharing{model::FlagKind::tor, Manner::at_once},
               Sharing{model::FlagKind::carrier_nat, Manner::at_once}, Sharing{model::FlagKind::proxy, Manner::at_once},
               Sharing{model::FlagKind::parking, Manner::at_once},     Sharing{model::FlagKind::relay, Manner::at_once},
               Sharing{model::FlagKind::cdn, Manner::at_once},         Sharing{model::FlagKind::cloud, Manner::in_turn},
               Sharing{model::FlagKind::dynamic_dns, Manner::slowly},  Sharing{model::FlagKind::vpn, Manner::mixed},
               Sharing{model::FlagKind::hosting, Manner::mixed}};

/// What is left of `strength` where nothing else speaks for it.
auto alone(Strength strength, Manner manner, std::int64_t days) -> Strength {
  switch (manner) {
    case Manner::at_once:
    case Manner::defended: return Strength::weak;
    case Manner::mixed:
    case Manner::in_turn: return lowered(strength);
    case Manner::slowly: return days > kDynamicNameDays ? lowered(strength) : std::min(strength, Strength::medium);
  }
  return Strength::weak;
}

/// What another kind of evidence in the same report can make of it.
auto ceiling(Manner manner, std::int64_t days) -> Strength {
  switch (manner) {
    case Manner::at_once:
    case Manner::mixed: return days > kOldDays ? Strength::weak : Strength::medium;
    case Manner::in_turn:
    case Manner::slowly: return Strength::strong;
    case Manner::defended: return Strength::medium;  // it keeps that botnet's traffic for years
  }
  return Strength::weak;
}

void weigh_sharing(std::vector<model::Flag> const &flags, Assessment &assessment) {
  auto const before = assessment.strength;
  auto const is_claimed = assessment.reason.code == "claimed_only";
  auto const days = assessment.time_gap_days;
  // The lists of VPNs have nine tenths of all clouds on them: what a cloud's own list says is the better word.
  auto const is_cloud = std::ranges::find(flags, model::FlagKind::cloud, &model::Flag::kind) != flags.end();
  for (auto const &[kind, manner] : kSharing) {
    auto const flag = std::ranges::find(flags, kind, &model::Flag::kind);
    if (flag == flags.end()) continue;
    auto const word = std::string{to_string(kind)};
    if (assessment.shared.empty()) {
      assessment.shared_by = *flag;
      if (!is_claimed)  // that nobody has checked it weighs more
        assessment.reason = {"shared_" + word,
                             {{"list", flag->source}, {"date", flag->date}, {"days", std::to_string(days)}}};
    }
    assessment.shared.push_back(word);
    if (is_cloud && manner == Manner::mixed) continue;
    assessment.strength = std::min(assessment.strength, alone(before, manner, days));
    assessment.ceiling = std::min(assessment.ceiling, ceiling(manner, days));
    if (manner != Manner::in_turn && manner != Manner::slowly) assessment.footing = Footing::nothing;
  }
  if (assessment.shared.empty() || assessment.footing == Footing::nothing) return;
  assessment.footing = days > kOldDays ? Footing::shared_once : Footing::shared;
}

/// A file stays what it is, a wallet its owner's; names of tools and weaknesses mean the same for ever. Everything else
/// changes hands.
auto ages(EvidenceKind kind) -> bool {
  return kind == EvidenceKind::address || kind == EvidenceKind::name || kind == EvidenceKind::url ||
         kind == EvidenceKind::mail;
}

void weigh_age(EvidenceKind kind, Assessment &assessment) {
  if (!ages(kind) || assessment.time_gap_days <= kOldDays) return;
  assessment.strength = assessment.time_gap_days > kVeryOldDays ? Strength::weak : lowered(assessment.strength);
  if (assessment.reason.code == "claimed_only") return;
  assessment.reason = {"old", {{"days", std::to_string(assessment.time_gap_days)}}};
}

/// Before sharing is weighed: what the hit could give to others, and they to it.
void find_footing(model::Hit const &hit, EvidenceKind kind, Assessment &assessment) {
  auto const is_whole = hit.match == model::MatchKind::exact ||
                        (hit.match == model::MatchKind::parent && hit.context.scope == model::Scope::subtree);
  if (hit.context.evidence == model::Evidence::claimed)
    assessment.ceiling = Strength::weak;
  else if (!is_whole)
    assessment.ceiling = Strength::medium;
  else if (kind != EvidenceKind::none)
    assessment.footing = ages(kind) && assessment.time_gap_days > kOldDays ? Footing::aged : Footing::firm;
}

/// Whatever was said before, this outweighs it.
void overrule(Reason reason, Assessment &assessment) {
  assessment.strength = assessment.ceiling = Strength::weak;
  assessment.footing = Footing::nothing;
  assessment.reason = std::move(reason);
}

}  // namespace

auto to_string(Strength strength) -> std::string_view {
  switch (strength) {
    case Strength::weak: return "weak";
    case Strength::medium: return "medium";
    case Strength::strong: return "strong";
  }
  return "weak";
}

auto kind_of(model::ValueType type) -> EvidenceKind {
  switch (type) {
    case model::ValueType::ip:
    case model::ValueType::cidr: return EvidenceKind::address;
    case model::ValueType::domain: return EvidenceKind::name;
    case model::ValueType::url: return EvidenceKind::url;
    case model::ValueType::email: return EvidenceKind::mail;
    case model::ValueType::md5:
    case model::ValueType::sha1:
    case model::ValueType::sha256:
    case model::ValueType::sha512:
    case model::ValueType::ssdeep:
    case model::ValueType::tlsh: return EvidenceKind::file;
    case model::ValueType::btc:
    case model::ValueType::eth:
    case model::ValueType::xmr: return EvidenceKind::wallet;
    default: return EvidenceKind::none;  // what thousands of reports have in common by their nature
  }
}

auto assess(model::Value const &asked, std::span<NamedHit const> hits, Time now, Listed const &listed)
    -> std::vector<Assessment> {
  auto const voices = voices_of(hits);
  auto const special = is_special(asked);
  auto assessments = std::vector<Assessment>{};
  assessments.reserve(hits.size());
  for (auto const &named : hits) {
    auto assessment = Assessment{};
    // Not of the value asked: 32 digits may be known as an MD5 or as a JA3.
    auto const kind = kind_of(named.hit.indicator.type);
    assessment.time_gap_days = days_between(named.hit.context.last_seen, now);
    weigh_evidence(named, voices, assessment);
    weigh_match(named.hit, assessment);
    weigh_age(kind, assessment);
    find_footing(named.hit, kind, assessment);
    weigh_sharing(listed.flags, assessment);
    if (listed.never)
      overrule({"never_listed", {{"list", listed.never->list}, {"entry", listed.never->entry}}}, assessment);
    if (special) {
      assessment.shared.emplace_back("special_purpose");
      overrule({"special_purpose", {}}, assessment);
    }
    assessments.push_back(std::move(assessment));
  }
  return assessments;
}

}  // namespace noroshi::search
