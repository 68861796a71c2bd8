// GET /api/v1/status: how the node and its sensors are.
#include <boost/json/parse.hpp>

#include "base/log.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"
#include "serve/sensor_json.hpp"

namespace noroshi::serve {
namespace {

/// where[{what, name, place, date, entries, problem}]: what has no source has one entry without a name.
void write(codec::JsonWriter &json, std::vector<understand::WhereSource> const &sources) {
  auto const text = [&](std::string_view name, std::string const &value) {
    json.key(name);
    if (value.empty())
      json.value(nullptr);
    else
      json.value(value);
  };
  json.begin_array();
  for (auto const &source : sources) {
    json.begin_object().member("what", source.what);
    text("name", source.name);
    text("place", source.place);
    text("date", source.date);
    json.member("entries", source.entries);
    text("problem", source.problem);
    json.end_object();
  }
  json.end_array();
}

auto running_state(Services const &services) -> boost::json::object {
  auto error = boost::json::error_code{};
  auto const state = boost::json::parse(services.running_state(), error);
  if (!error && state.is_object()) return state.get_object();
  log_error("the running state is not a JSON object: {}", error.message());
  return {};
}

/// Each member that `noroshi status` promises is there; what the running program does not say is empty.
void write_running(codec::JsonWriter &json, boost::json::object state) {
  json.member("running", state.contains("uptime"));
  for (auto const *list : {"listeners", "protections", "unknown_commands"})
    if (!state.contains(list)) state[list] = boost::json::array{};
  for (auto const *one : {"spool", "events_per_second", "uptime"})
    if (!state.contains(one)) state[one] = nullptr;
  for (auto const &[name, value] : state)
    if (name != "sensors" && name != "stores" && name != "where" && name != "never") json.key(name).value(value);
}

class Status final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "How the node is: listeners, protections, spool, stores, sensors", .answer = "Status"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override {
    return viewer.may_see_observations();
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const sensors, call.services.catalogue.sensors(call.viewer));
    TRY(auto const indicators, call.services.indicators.stats());
    TRY(auto const observations, call.services.observations.stats(call.viewer));
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().member("organisation", search::home_name(call.services.catalogue));
    write_running(json, running_state(call.services));
    json.key("sensors");
    write_sensors(json, sensors);
    json.key("where");
    write(json,
          call.services.where == nullptr ? std::vector<understand::WhereSource>{} : call.services.where->sources());
    json.key("never");
    write(json,
          call.services.never == nullptr ? std::vector<understand::WhereSource>{} : call.services.never->sources());
    json.key("stores").begin_object().key("indicators").begin_object();
    json.member("indicators", indicators.indicators)
        .member("contexts", indicators.contexts)
        .member("bytes", indicators.bytes);
    json.end_object().key("observations").begin_object();
    json.member("rows", observations.rows).member("sources", observations.sources).member("bytes", observations.bytes);
    json.end_object().end_object().end_object();
    return json_reply(std::move(body));
  }
};

Registered<Endpoint, Status> const status{"GET /api/v1/status"};

}  // namespace
}  // namespace noroshi::serve
