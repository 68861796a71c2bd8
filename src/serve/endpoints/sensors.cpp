// /api/v1/sensors: who reports to this node; enrolment, revocation, configuration and distrust of sensors. What changes
// something is for administrators; the catalogue audits it.
#include <algorithm>

#include <sodium.h>

#include "codec/enrolment_code.hpp"
#include "serve/body.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"
#include "serve/sensor_json.hpp"

namespace noroshi::serve {
namespace {

namespace json = boost::json;

// A day is enough to carry a code to another machine; a month is for those who ship machines.
constexpr auto kCodeLife = std::int64_t{24 * 3600};
constexpr auto kMaxCodeLife = std::int64_t{31 * 24 * 3600};
// Of one setting's text; lists of listeners are long.
constexpr auto kMaxValueBytes = std::size_t{16} * 1024;
// In a path this stands for all sensors; no sensor can be named so.
constexpr auto kAll = std::string_view{"*"};
// The decoys that the node runs itself.
constexpr auto kHome = std::string_view{"home"};

class ForAdministrators : public Endpoint {
public:
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool final { return viewer.may_administer(); }
};

class List final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "The sensors that report here", .answer = "Sensors"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override {
    return viewer.may_see_observations();
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const sensors, call.services.catalogue.sensors(call.viewer));
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().key("sensors");
    write_sensors(json, sensors);
    json.end_object();
    return json_reply(std::move(body));
  }
};

class Enrol final : public ForAdministrators {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Make a one-time code with which a sensor elsewhere joins",
            .parameters = {{"name", In::path, kText, "what the sensor will be called"}},
            .request = "NewEnrolment",
            .answer = "Enrolment",
            .status = 201};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const document, parse_object(call.request.body, {"expires_s", "addresses"}));
    TRY(auto const life, number_member(document.get_object(), "expires_s", 1, kMaxCodeLife, kCodeLife));
    if (!call.services.peer)
      return fail(ErrorCode::unavailable, "this node has no peer port; start it with noroshi serve");
    TRY(auto facts, call.services.peer());
    if (document.get_object().contains("addresses")) {
      TRY(facts.addresses, addresses(document.get_object()));
    }
    auto code = codec::EnrolmentCode{std::string(codec::kEnrolmentSecretBytes, '\0'), facts.pin, facts.addresses};
    if (code.addresses.empty())
      return fail(ErrorCode::conflict,
                  "the node does not know how sensors reach it (peer.listen takes any address): name an address with "
                  "--address HOST:PORT, or set peer.advertise");
    if (::sodium_init() < 0) return fail(ErrorCode::internal, "the kernel's random source is not available");
    ::randombytes_buf(code.secret.data(), code.secret.size());
    auto const expiry = call.services.clock.now() + std::chrono::seconds{life};
    TRY(auto const sensor,
        call.services.catalogue.invite_sensor(call.arguments[0], codec::sha256(code.secret), expiry, call.viewer));
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().member("name", sensor.name).member("code", code.to_string()).member("expires", expiry);
    json.member("addresses", code.addresses).member("node_key", facts.pin.to_string()).end_object();
    return json_reply(std::move(body), 201);
  }

private:
  static auto addresses(json::object const &object) -> Result<std::vector<std::string>> {
    TRY(auto const *const list, list_member(object, "addresses"));
    auto all = std::vector<std::string>{};
    for (auto const &entry : *list) {
      if (!entry.is_string()) return fail(ErrorCode::malformed, "\"addresses\" must be a list of texts");
      TRY_VOID(codec::check_peer_address(std::string_view{entry.get_string()}));
      all.emplace_back(entry.get_string());
    }
    if (all.size() > codec::kMaxEnrolmentAddresses)
      return fail(ErrorCode::too_large, "{} addresses; a code holds at most {}", all.size(),
                  codec::kMaxEnrolmentAddresses);
    return all;
  }
};

class Revoke final : public ForAdministrators {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Take a sensor's key away, at once",
            .parameters = {{"name", In::path, kText, "the sensor"}},
            .answer = "Empty"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY_VOID(call.services.catalogue.revoke_sensor(call.arguments[0], call.viewer));
    return json_reply("{}");
  }
};

class Distrust final : public ForAdministrators {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Withdraw what was derived from a sensor since a time",
            .parameters = {{"name", In::path, kText, "the sensor"}},
            .request = "NewDistrust",
            .answer = "Empty"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const document, parse_object(call.request.body, {"since", "reason"}));
    TRY(auto const since, time_member(document.get_object(), "since"));
    TRY(auto const reason, text_member(document.get_object(), "reason", Presence::optional));
    if (!since) return fail(ErrorCode::malformed, "\"since\" must say from which time on it is not to be believed");
    TRY_VOID(call.services.catalogue.distrust_sensor(call.arguments[0], *since, reason, call.viewer));
    return json_reply("{}");
  }
};

class Trust final : public ForAdministrators {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Believe a sensor again, from now on",
            .parameters = {{"name", In::path, kText, "the sensor"}},
            .answer = "Empty"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY_VOID(call.services.catalogue.trust_sensor(call.arguments[0], call.viewer));
    return json_reply("{}");
  }
};

/// The key may be set from afar: it is one of the decoys' own, and does not say as whom they run.
auto check_key(std::string_view key) -> Result<void> {
  if (!key.starts_with("sense."))
    return fail(ErrorCode::malformed, "{} is not a sensor's setting; those begin with sense. (noroshi config show)",
                key.substr(0, 100));
  if (key == "sense.user")
    return fail(ErrorCode::denied, "sense.user says as whom a sensor runs; only its own machine sets that");
  return ok;
}

/// The node's own sensor reads the node's configuration and nothing else.
auto check_name(std::string_view name, std::vector<model::SettingChange> const &changes) -> Result<void> {
  auto const set = std::ranges::find_if(changes, [](auto const &change) { return change.value.has_value(); });
  if (name != kHome || set == changes.end()) return ok;
  return fail(ErrorCode::conflict,
              "{} is the node's own sensor: write {} into the node's noroshi.toml (noroshi config show) and start the "
              "node again; nothing was changed",
              kHome, set->key);
}

class Configure final : public ForAdministrators {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Change what a sensor is to run",
            .parameters = {{"name", In::path, kText, "the sensor, or * for all"}},
            .request = "SettingChanges",
            .answer = "SettingsVersion"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const document, parse_object(call.request.body, {"set", "unset"}));
    auto changes = std::vector<model::SettingChange>{};
    TRY_VOID(read_set(document.get_object(), changes));
    TRY_VOID(read_unset(document.get_object(), changes));
    TRY_VOID(check_name(call.arguments[0], changes));
    auto const name = call.arguments[0] == kAll ? std::string_view{} : std::string_view{call.arguments[0]};
    TRY(auto const version, call.services.catalogue.configure_sensors(name, changes, call.viewer));
    auto body = std::string{};
    codec::JsonWriter{body}.begin_object().member("version", version).end_object();
    return json_reply(std::move(body));
  }

private:
  static auto read_set(json::object const &object, std::vector<model::SettingChange> &to) -> Result<void> {
    auto const *const set = object.if_contains("set");
    if (set == nullptr) return ok;
    if (!set->is_object()) return fail(ErrorCode::malformed, "\"set\" must be an object of keys and texts");
    for (auto const &member : set->get_object()) {
      auto const key = std::string_view{member.key()};
      TRY_VOID(check_key(key));
      TRY(auto value, text_member(set->get_object(), key, Presence::optional, kMaxValueBytes));
      // As the sensor will read it, so that a typing error is told here and now.
      if (auto const read = Config::load("", false, {fmt::format("{}={}", key, value)}); !read)
        return fail(ErrorCode::malformed, "{}", read.error().sentence);
      to.push_back({std::string{key}, std::move(value)});
    }
    return ok;
  }
  static auto read_unset(json::object const &object, std::vector<model::SettingChange> &to) -> Result<void> {
    auto const *const unset = object.if_contains("unset");
    if (unset == nullptr) return ok;
    if (!unset->is_array()) return fail(ErrorCode::malformed, "\"unset\" must be a list of keys");
    for (auto const &entry : unset->get_array()) {
      if (!entry.is_string()) return fail(ErrorCode::malformed, "\"unset\" must be a list of keys");
      TRY_VOID(check_key(std::string_view{entry.get_string()}));
      to.push_back({std::string{entry.get_string()}, std::nullopt});
    }
    return ok;
  }
};

class ShowConfiguration final : public ForAdministrators {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "What a sensor is to run",
            .parameters = {{"name", In::path, kText, "the sensor, or * for all"}},
            .answer = "Settings"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const sensors, call.services.catalogue.sensors(call.viewer));
    auto id = model::SensorId{};
    for (auto const &sensor : sensors)
      if (sensor.name == call.arguments[0]) id = sensor.id;
    if (id.number == 0 && call.arguments[0] != kAll)
      return fail(ErrorCode::not_found, "there is no sensor of that name; noroshi sensors lists those there are");
    TRY(auto const wanted, call.services.catalogue.sensor_configuration(id));
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().member("version", wanted.version).key("settings").begin_array();
    for (auto const &[key, value] : wanted.settings)
      json.begin_object().member("key", key).member("value", value).end_object();
    json.end_array().end_object();
    return json_reply(std::move(body));
  }
};

Registered<Endpoint, List> const list{"GET /api/v1/sensors"};
Registered<Endpoint, Enrol> const enrol{"POST /api/v1/sensors/{name}/enrol"};
Registered<Endpoint, Revoke> const revoke{"POST /api/v1/sensors/{name}/revoke"};
Registered<Endpoint, Distrust> const distrust{"POST /api/v1/sensors/{name}/distrust"};
Registered<Endpoint, Trust> const trust{"POST /api/v1/sensors/{name}/trust"};
Registered<Endpoint, Configure> const configure{"POST /api/v1/sensors/{name}/config"};
Registered<Endpoint, ShowConfiguration> const show_configuration{"GET /api/v1/sensors/{name}/config"};

}  // namespace
}  // namespace noroshi::serve
