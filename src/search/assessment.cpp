#include "search/assessment.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "model/ip.hpp"

namespace noroshi::search {
namespace {

// Half a year: addresses and domains have usually changed hands by then (the decay that MISP's taxonomies assume too).
constexpr auto kOldDays = std::int64_t{180};

auto is_special(model::Value const &value) -> bool {
  if (value.type != model::ValueType::ip) return false;
  auto const address = model::IpAddress::parse(value.text);
  return address && address->is_special();
}

/// Sources that completed a handshake or better, on the value itself or on what encloses it as a full hit.
auto independent_sources(std::span<NamedHit const> hits) -> std::size_t {
  auto sources = std::set<model::SourceId>{};
  for (auto const &[hit, source, report] : hits)
    if (hit.context.evidence != model::Evidence::claimed && hit.match == model::MatchKind::exact)
      sources.insert(hit.context.source);
  return sources.size();
}

auto lowered(Strength strength) -> Strength { return strength == Strength::strong ? Strength::medium : Strength::weak; }

auto days_between(Time seen, Time now) -> std::int64_t {
  return std::max<std::int64_t>(0, std::chrono::floor<std::chrono::days>(now - seen).count());
}

void weigh_evidence(NamedHit const &named, std::size_t sources, Assessment &assessment) {
  auto const &[hit, source, report] = named;
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

/// Kinds that make an address stand for many, the one that says most first. A known scanner is one party.
constexpr auto kShared = std::array{model::FlagKind::sinkhole, model::FlagKind::tor,   model::FlagKind::carrier_nat,
                                    model::FlagKind::proxy,    model::FlagKind::vpn,   model::FlagKind::relay,
                                    model::FlagKind::cdn,      model::FlagKind::cloud, model::FlagKind::hosting};

void weigh_sharing(std::vector<model::Flag> const &flags, Assessment &assessment) {
  for (auto const kind : kShared) {
    auto const flag = std::ranges::find(flags, kind, &model::Flag::kind);
    if (flag == flags.end()) continue;
    auto const word = std::string{to_string(kind)};
    if (assessment.shared.empty()) {
      assessment.strength = lowered(assessment.strength);
      assessment.reason = {
          "shared_" + word,
          {{"list", flag->source}, {"date", flag->date}, {"days", std::to_string(assessment.time_gap_days)}}};
    }
    assessment.shared.push_back(word);
  }
}

void weigh_never(Listed const &listed, Assessment &assessment) {
  if (!listed.never) return;
  assessment.strength = Strength::weak;
  assessment.reason = {"never_listed", {{"list", listed.never->list}, {"entry", listed.never->entry}}};
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

auto assess(model::Value const &asked, std::span<NamedHit const> hits, Time now, Listed const &listed)
    -> std::vector<Assessment> {
  auto const sources = independent_sources(hits);
  auto const special = is_special(asked);
  auto assessments = std::vector<Assessment>{};
  assessments.reserve(hits.size());
  for (auto const &named : hits) {
    auto assessment = Assessment{};
    assessment.time_gap_days = days_between(named.hit.context.last_seen, now);
    weigh_evidence(named, sources, assessment);
    weigh_match(named.hit, assessment);
    if (assessment.time_gap_days > kOldDays) {
      assessment.strength = lowered(assessment.strength);
      assessment.reason = {"old", {{"days", std::to_string(assessment.time_gap_days)}}};
    }
    weigh_sharing(listed.flags, assessment);
    weigh_never(listed, assessment);
    if (special) {
      assessment.strength = Strength::weak;
      assessment.shared.emplace_back("special_purpose");
      assessment.reason = {"special_purpose", {}};
    }
    assessments.push_back(std::move(assessment));
  }
  return assessments;
}

}  // namespace noroshi::search
