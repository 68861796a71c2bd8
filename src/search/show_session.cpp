#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "search/show_parts.hpp"
#include "understand/rules/rule_set.hpp"

namespace noroshi::search {
namespace {

auto text_of(model::StoredObservation const &observation, model::Field field) -> std::string {
  auto const found = std::ranges::find(observation.fields, field, &model::StoredObservation::FieldValue::field);
  if (found == observation.fields.end()) return {};
  // Text columns hold any bytes in their lossless form; rules read the bytes themselves.
  return model::info(field).type == model::FieldType::text ? from_lossless_utf8(found->text) : found->text;
}

/// exploits[{rule, title, product, cves[], seq}] and cves[] of all of them, by the rules of today: a rule that came
/// after the visit counts too. Bodies are secret, so the node reads them for this and shows none.
auto write_exploits(codec::JsonWriter &json, model::VisitId visit, Knowledge const &knowledge) -> Result<void> {
  auto cves = std::set<std::string>{};
  json.key("exploits").begin_array();
  if (knowledge.rules != nullptr) {
    TRY(auto matcher, understand::RuleMatcher::create(*knowledge.rules));
    TRY(auto const observations, knowledge.observations.visit(visit, model::node_viewer()));
    for (auto const &observation : observations) {
      if (observation.kind != model::Kind::request) continue;
      auto const method = text_of(observation, model::Field::method);
      auto const target = text_of(observation, model::Field::path);
      auto const body = text_of(observation, model::Field::payload);
      for (auto const *const rule : matcher.match({method, target, body, observation.extra})) {
        json.begin_object().member("rule", rule->id).member("title", rule->title).member("product", rule->product);
        json.member("cves", rule->cves).member("seq", observation.sequence).end_object();
        cves.insert(rule->cves.begin(), rule->cves.end());
      }
    }
  }
  json.end_array().member("cves", std::vector<std::string>{cves.begin(), cves.end()});
  return ok;
}

}  // namespace

auto show_session(std::string_view id, model::Viewer const &viewer, Knowledge const &knowledge) -> Result<std::string> {
  TRY(auto const visit, model::Uuid::parse(id));
  auto observations = std::vector<model::StoredObservation>{};
  if (viewer.may_see_observations()) {
    TRY(observations, knowledge.observations.visit(visit, viewer));
  }
  if (observations.empty())
    return fail(ErrorCode::not_found,
                "no session {} is recorded here; `noroshi show ip ADDRESS` lists an address's sessions",
                visit.to_string());
  auto const sensors = sensor_names(viewer, knowledge.catalogue);
  auto const &opening = observations.front();
  auto const sensor = sensors.find(opening.sensor);
  auto out = std::string{};
  auto json = codec::JsonWriter{out};
  json.begin_object().member("session", visit.to_string());
  json.member("src", opening.source.address.to_string()).member("src_port", opening.source.port);
  json.member("dst", opening.destination.address.to_string()).member("dst_port", opening.destination.port);
  write_where(json, opening.where);
  json.key("flags").begin_array();
  for (auto const &flag : opening.where.flags) write_flag(json, to_string(flag.kind), flag.source, flag.date);
  json.end_array();
  json.member("transport", to_string(opening.transport)).member("service", opening.service);
  json.member("sensor", sensor == sensors.end() ? std::string{} : sensor->second);
  json.member("first_seen", opening.time).member("last_seen", observations.back().time);
  TRY_VOID(write_exploits(json, visit, knowledge));
  json.key("observations").begin_array();
  for (auto const &observation : observations) write_observation(json, observation, sensors);
  json.end_array().end_object();
  return out;
}

}  // namespace noroshi::search
