#include "serve/sensor_json.hpp"

namespace noroshi::serve {

namespace {

auto state_of(model::Sensor const &sensor) -> std::string_view {
  if (sensor.state == model::SensorState::revoked) return "revoked";
  if (sensor.distrusted_since) return "distrusted";
  if (sensor.name == "home") return "home";
  return to_string(sensor.state);
}

}  // namespace

void write_sensors(codec::JsonWriter &json, std::span<model::Sensor const> sensors) {
  json.begin_array();
  for (auto const &sensor : sensors) {
    json.begin_object().member("name", sensor.name).member("state", state_of(sensor));
    json.member("last_seen", sensor.last_seen).member("clock_offset_s", sensor.clock_offset_s);
    json.member("spool_bytes", sensor.spool_bytes).member("drops", sensor.drops).member("version", sensor.version);
    json.member("observations", sensor.observations).member("space", sensor.space);
    json.member("joined", sensor.joined).key("key");
    if (sensor.key)
      json.value(sensor.key->to_string());
    else
      json.value(nullptr);
    json.key("configuration").begin_object().member("wanted", sensor.configuration);
    json.member("applied", sensor.applied_version).member("trouble", sensor.configuration_trouble).end_object();
    json.member("distrusted_since", sensor.distrusted_since).member("distrust_reason", sensor.distrust_reason);
    json.end_object();
  }
  json.end_array();
}

}  // namespace noroshi::serve
