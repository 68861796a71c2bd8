#include "search/verdict.hpp"

#include <algorithm>
#include <array>

namespace noroshi::search {
namespace {

struct RoleMeaning {
  std::string_view code;
  Verdict verdict;
};

auto meaning_of(model::Role role) -> RoleMeaning {
  switch (role) {
    case model::Role::scanner: return {"role_scanner", Verdict::scanner};
    case model::Role::c2: return {"role_c2", Verdict::malicious};
    case model::Role::download: return {"role_download", Verdict::malicious};
    case model::Role::phishing: return {"role_phishing", Verdict::malicious};
    case model::Role::relay: return {"role_relay", Verdict::suspicious};
    case model::Role::victim: return {"role_victim", Verdict::victim};
    case model::Role::benign: return {"role_benign", Verdict::benign};
    case model::Role::reference: return {"role_reference", Verdict::unknown};
    case model::Role::unknown: break;
  }
  return {"role_unknown", Verdict::suspicious};
}

struct TechniqueMeaning {
  std::string_view tag, code;
  Verdict verdict;
};

// What an observed visitor did, by the tags of its contexts (docs/reference/detectors.md).
constexpr auto kTechniques = std::array{
    TechniqueMeaning{"attack:T1190", "did_exploit", Verdict::malicious},
    TechniqueMeaning{"attack:T1105", "did_bring_files", Verdict::malicious},
    TechniqueMeaning{"attack:T1053.003", "did_plant_cron", Verdict::malicious},
    TechniqueMeaning{"attack:T1098.004", "did_plant_keys", Verdict::malicious},
    TechniqueMeaning{"attack:T1129", "did_load_modules", Verdict::malicious},
    TechniqueMeaning{"attack:T1059", "did_run_commands", Verdict::malicious},
    TechniqueMeaning{"attack:T1078", "did_log_in", Verdict::malicious},
    TechniqueMeaning{"attack:T1110", "did_brute_force", Verdict::malicious},
    TechniqueMeaning{"attack:T1090", "did_use_proxy", Verdict::suspicious},
    TechniqueMeaning{"attack:T1595", "did_scan", Verdict::scanner},
};

constexpr auto kCveTag = std::string_view{"cve:"};

/// What visitors did or typed at a decoy: one of ours, or one whose log was imported.
auto was_seen(model::Context const &context) -> bool {
  return context.collected_by == model::CollectedBy::decoy || context.collected_by == model::CollectedBy::access_log;
}

/// Collects reasons; the verdict is the gravest, but `benign` outweighs what is less than malicious.
class Bench {
public:
  void add(Verdict verdict, std::string_view code, std::vector<std::pair<std::string, std::string>> parameters) {
    auto const same = std::ranges::any_of(judgement_.reasons, [&](Reason const &reason) {
      return reason.code == code && reason.parameters == parameters;
    });
    if (!same) judgement_.reasons.push_back({std::string{code}, std::move(parameters)});
    benign_ = benign_ || verdict == Verdict::benign;
    judgement_.verdict = std::max(judgement_.verdict, verdict);
  }

  void add(NamedHit const &named) {
    auto const &context = named.hit.context;
    // A domain above the name, or a part of a URL, says nothing certain about the thing itself.
    auto const is_itself = named.hit.match == model::MatchKind::exact || named.hit.match == model::MatchKind::range ||
                           (named.hit.match == model::MatchKind::parent && context.scope == model::Scope::subtree);
    if (!is_itself) return;
    if (context.evidence != model::Evidence::claimed && was_seen(context)) add_deeds(context.tags, named.source);
    auto const [code, verdict] = meaning_of(context.role);
    if (context.evidence == model::Evidence::claimed && was_seen(context))
      add(std::min(verdict, Verdict::suspicious), "role_claimed", {{"source", named.source}});
    else
      add(verdict, code, {{"source", named.source}});
  }

  void add_deeds(std::vector<std::string> const &tags, std::string const &source) {
    auto named_cve = false;
    for (auto const &tag : tags) {
      if (!tag.starts_with(kCveTag)) continue;
      named_cve = true;
      add(Verdict::malicious, "tried_exploit", {{"cve", tag.substr(kCveTag.size())}, {"source", source}});
    }
    for (auto const &[tag, code, verdict] : kTechniques) {
      if (code == "did_exploit" && named_cve) continue;  // said with its name
      if (std::ranges::binary_search(tags, tag)) add(verdict, code, {{"source", source}});
    }
  }

  auto finish() -> Judgement {
    if (benign_ && judgement_.verdict < Verdict::malicious) judgement_.verdict = Verdict::benign;
    if (judgement_.reasons.empty()) judgement_.reasons.push_back({"nothing_known", {}});
    return std::move(judgement_);
  }

private:
  Judgement judgement_;
  bool benign_ = false;
};

void add_conduct(Bench &bench, model::Profile const &profile) {
  auto const number = [](std::string name, std::uint64_t count) {
    return std::vector<std::pair<std::string, std::string>>{{std::move(name), std::to_string(count)}};
  };
  if (profile.spoofable) {
    bench.add(Verdict::unknown, "spoofable", {});
    return;
  }
  if (profile.downloads > 0) bench.add(Verdict::malicious, "asked_to_download", number("downloads", profile.downloads));
  if (profile.commands > 0) bench.add(Verdict::malicious, "ran_commands", number("commands", profile.commands));
  if (profile.logins > 0) bench.add(Verdict::malicious, "tried_logins", number("logins", profile.logins));
  if (profile.requests > 0) bench.add(Verdict::scanner, "asked_http", number("requests", profile.requests));
  if (profile.sessions > 0) bench.add(Verdict::scanner, "visited_decoys", number("sessions", profile.sessions));
}

}  // namespace

auto to_string(Verdict verdict) -> std::string_view {
  switch (verdict) {
    case Verdict::unknown: return "unknown";
    case Verdict::benign: return "benign";
    case Verdict::victim: return "victim";
    case Verdict::scanner: return "scanner";
    case Verdict::suspicious: return "suspicious";
    case Verdict::malicious: return "malicious";
  }
  return "unknown";
}

auto cves_of(std::span<NamedHit const> hits) -> std::vector<std::string> {
  auto cves = std::vector<std::string>{};
  for (auto const &named : hits) {
    auto const &hit = named.hit;
    if (hit.match != model::MatchKind::exact || hit.context.evidence == model::Evidence::claimed) continue;
    for (auto const &tag : hit.context.tags)
      if (tag.starts_with(kCveTag)) cves.push_back(tag.substr(kCveTag.size()));
  }
  std::ranges::sort(cves);
  cves.erase(std::ranges::unique(cves).begin(), cves.end());
  return cves;
}

auto judge_source(model::Value const &address, std::optional<model::Profile> const &profile,
                  std::span<NamedHit const> hits) -> Judgement {
  auto bench = Bench{};
  if (profile) add_conduct(bench, *profile);
  for (auto const &hit : hits) bench.add(hit);
  auto const parsed = model::IpAddress::parse(address.text);
  if (parsed && parsed->is_special()) bench.add(Verdict::unknown, "special_purpose", {});
  return bench.finish();
}

auto judge_thing(Mentions const &mentions, std::span<NamedHit const> hits) -> Judgement {
  auto bench = Bench{};
  for (auto const &hit : hits) bench.add(hit);
  if (mentions.downloads > 0)
    bench.add(Verdict::suspicious, "fetched_by_visitors", {{"downloads", std::to_string(mentions.downloads)}});
  if (mentions.all > 0) bench.add(Verdict::unknown, "mentioned", {{"observations", std::to_string(mentions.all)}});
  return bench.finish();
}

}  // namespace noroshi::search
