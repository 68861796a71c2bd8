#include <algorithm>
#include <set>

#include "search/show_parts.hpp"

namespace noroshi::search {
namespace {

struct Source {
  model::IpAddress address;
  std::optional<model::Profile> profile;
  std::vector<model::VisitSummary> visits;
  Answer answer;
  std::map<model::SensorId, std::string> sensors;
  std::vector<model::Distrust> distrusts;

  /// The distrust under which a visit falls; by its own times, which a sensor's clock tells.
  [[nodiscard]] auto doubt(model::VisitSummary const &visit) const -> model::Distrust const * {
    auto const found = std::ranges::find_if(distrusts, [&](model::Distrust const &one) {
      return one.covers(visit.sensor, visit.last_seen) || one.covers(visit.sensor, visit.first_seen);
    });
    return found == distrusts.end() ? nullptr : &*found;
  }
  /// True where every visit that is shown comes from a sensor that was not to be believed then: its profile says
  /// nothing.
  [[nodiscard]] auto is_doubtful() const -> bool {
    return !visits.empty() &&
           std::ranges::all_of(visits, [this](auto const &visit) { return doubt(visit) != nullptr; });
  }
};

auto gather(std::string_view text, model::Viewer const &viewer, Knowledge const &knowledge) -> Result<Source> {
  auto source = Source{};
  TRY(auto const value, model::canonical(model::ValueType::ip, text));
  TRY(source.address, model::IpAddress::parse(value.text));
  TRY(source.answer, answer_one(value, viewer, knowledge));
  if (!viewer.may_see_observations()) return source;
  TRY(source.profile, knowledge.observations.profile(source.address, viewer));
  if (source.profile) {
    TRY(source.visits, knowledge.observations.visits_of(source.address, kShownVisits, viewer));
  }
  source.sensors = sensor_names(viewer, knowledge.catalogue);
  TRY(source.distrusts, knowledge.catalogue.distrusts());
  return source;
}

void write_times(codec::JsonWriter &json, Source const &source) {
  auto first = source.profile ? source.profile->first_seen : Time{};
  auto last = source.profile ? source.profile->last_seen : Time{};
  for (auto const &hit : source.answer.hits) {
    auto const &context = hit.named.hit.context;
    if (first == Time{} || context.first_seen < first) first = context.first_seen;
    last = std::max(last, context.last_seen);
  }
  json.member("first_seen", first).member("last_seen", last);
}

void write_profile(codec::JsonWriter &json, model::Profile const &profile, std::vector<std::string> const &cves) {
  json.member("sessions", profile.sessions).member("observations", profile.observations);
  json.member("logins", profile.logins).member("commands", profile.commands).member("requests", profile.requests);
  json.member("downloads", profile.downloads).member("ports", profile.ports).member("src_ports", profile.source_ports);
  write_where(json, profile.where);
  json.key("flags").begin_array();
  for (auto const &flag : profile.where.flags) write_flag(json, to_string(flag.kind), flag.source, flag.date);
  if (profile.spoofable && profile.observations > 0) write_flag(json, "spoofable");
  if (profile.address.is_special()) write_flag(json, "special_purpose");
  json.end_array().member("cves", cves);
  json.key("fingerprints").begin_object().member("ja3", profile.ja3).member("ja4", profile.ja4);
  json.member("hassh", profile.hassh).end_object();
  json.member("services", profile.services).member("protocols", profile.protocols);
  json.member("user_agents", profile.user_agents).member("client_versions", profile.client_versions);
  json.member("usernames", profile.usernames).member("urls", profile.urls).member("sha256", profile.sha256);
  json.member("truncated", profile.truncated);
}

void write_visits(codec::JsonWriter &json, Source const &source) {
  json.key("visits").begin_array();
  for (auto const &visit : source.visits) {
    auto const sensor = source.sensors.find(visit.sensor);
    json.begin_object().member("session", visit.visit.to_string());
    json.member("sensor", sensor == source.sensors.end() ? std::string{} : sensor->second);
    json.member("service", visit.service).member("first_seen", visit.first_seen).member("last_seen", visit.last_seen);
    json.member("src_port", visit.source.port).member("dst_port", visit.destination.port);
    json.member("observations", visit.observations).member("distrusted", source.doubt(visit) != nullptr).end_object();
  }
  json.end_array();
}

/// Sensors among the visits that were not to be believed, once each.
void write_distrusted(codec::JsonWriter &json, Source const &source) {
  auto told = std::set<std::uint64_t>{};
  json.key("distrusted").begin_array();
  for (auto const &visit : source.visits) {
    auto const *const doubt = source.doubt(visit);
    if (doubt == nullptr || !told.insert(doubt->number).second) continue;
    json.begin_object().member("sensor", doubt->name).member("since", doubt->since);
    json.member("until", doubt->until).member("reason", doubt->reason).end_object();
  }
  json.end_array();
}

}  // namespace

auto show_ip(std::string_view text, model::Viewer const &viewer, std::string_view language, Knowledge const &knowledge)
    -> Result<std::string> {
  TRY(auto source, gather(text, viewer, knowledge));
  auto out = std::string{};
  auto json = codec::JsonWriter{out};
  auto const hits = named_hits(source.answer);
  auto const judgement =
      judge_source(*source.answer.canonical, source.is_doubtful() ? std::nullopt : source.profile, hits);
  json.begin_object().member("ip", source.address.to_string());
  json.member("known", source.answer.known() || source.profile.has_value());
  write_judgement(json, judgement, language, knowledge.sentences);
  write_times(json, source);
  auto nobody = model::Profile{};
  nobody.address = source.address;
  // Without a visit there is no "then": what the files say now.
  if (knowledge.where != nullptr) nobody.where = knowledge.where->of(source.address);
  write_profile(json, source.profile.value_or(nobody), cves_of(hits));
  write_tags(json, source.answer);
  write_hits(json, source.answer, language, knowledge);
  write_visits(json, source);
  write_distrusted(json, source);
  json.end_object();
  return out;
}

}  // namespace noroshi::search
