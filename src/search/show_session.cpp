#include "search/show_parts.hpp"

namespace noroshi::search {

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
  auto json = JsonWriter{out};
  json.begin_object().member("session", visit.to_string());
  json.member("src", opening.source.address.to_string()).member("src_port", opening.source.port);
  json.member("dst", opening.destination.address.to_string()).member("dst_port", opening.destination.port);
  json.member("transport", to_string(opening.transport)).member("service", opening.service);
  json.member("sensor", sensor == sensors.end() ? std::string{} : sensor->second);
  json.member("first_seen", opening.time).member("last_seen", observations.back().time);
  json.key("observations").begin_array();
  for (auto const &observation : observations) write_observation(json, observation, sensors);
  json.end_array().end_object();
  return out;
}

}  // namespace noroshi::search
