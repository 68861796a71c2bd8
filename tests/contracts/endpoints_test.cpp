// What holds for every endpoint there is, those of tomorrow included: rights by role, and hostile bodies.
#include <map>
#include <random>
#include <set>

#include <doctest/doctest.h>

#include "support/served.hpp"

using namespace noroshi;
using noroshi::test::Served;

namespace {

constexpr auto kSecret = std::string_view{"hunter2-the-password"};

struct Target {
  std::string method, path;
};

/// Every registered endpoint with something plausible in its placeholders.
auto targets() -> std::map<std::string, Target> {
  auto const fillings = std::map<std::string, std::string>{{"{ip}", "8.8.4.4"},
                                                           {"{domain}", "example.com"},
                                                           {"{hash}", "d41d8cd98f00b204e9800998ecf8427e"},
                                                           {"{id}", "00000000-0000-0001-0000-000000000002"},
                                                           {"{name}", "nobody"},
                                                           {"{format}", "csv"}};
  auto all = std::map<std::string, Target>{};
  for (auto const &name : Registry<serve::Endpoint>::instance().names()) {
    auto path = name.substr(name.find(' ') + 1);
    for (auto const &[placeholder, filling] : fillings)
      if (auto const at = path.find(placeholder); at != std::string::npos)
        path.replace(at, placeholder.size(), filling);
    REQUIRE_MESSAGE(path.find('{') == std::string::npos, "give the placeholder of " << name << " a filling here");
    all[name] = {name.substr(0, name.find(' ')), path};
  }
  return all;
}

/// A node that knows one thing of each kind, among it a password and values marked RED.
void fill(Served &served) {
  auto login = model::StoredObservation{};
  login.visit = model::Uuid{1, 2};
  login.kind = model::Kind::login;
  login.source = {model::IpAddress::v4(0x0808'0404), 40'001};
  login.sensor = {1};
  login.fields = {{model::Field::username, "root example.com", 0}, {model::Field::password, std::string{kSecret}, 0}};
  served.observations.observations = {login};
  auto profile = model::Profile{};
  profile.address = login.source.address;
  profile.sessions = profile.logins = 1;
  served.observations.profiles[login.source.address] = profile;
  auto red = model::Context{};
  red.source = served.catalogue.ensure_source("red source")->id;
  red.tlp = model::Tlp::red;
  red.tags = {"red-tag"};
  for (auto const *value : {"8.8.4.4", "example.com", "http://example.com/x", "d41d8cd98f00b204e9800998ecf8427e"})
    served.indicators.add(*model::parse_value(value), red);
}

constexpr auto kRoles = std::array{"", "sensor", "member", "reader", "analyst", "admin"};

/// Who is let in, by endpoint: the least role that may; "admin+sensor" where it is not a ladder.
auto least_role() -> std::map<std::string, std::string> {
  return {{"GET /healthz", ""},
          {"GET /metrics", "reader"},
          {"POST /api/v1/search", "member"},
          {"GET /api/v1/indicators", "member"},
          {"GET /api/v1/ips/{ip}", "member"},
          {"GET /api/v1/urls", "member"},
          {"GET /api/v1/domains/{domain}", "member"},
          {"GET /api/v1/hashes/{hash}", "member"},
          {"GET /api/v1/sessions/{id}", "reader"},
          {"GET /api/v1/status", "reader"},
          {"GET /api/v1/sensors", "reader"},
          {"POST /api/v1/batches", "admin+sensor"},
          {"POST /api/v1/import", "analyst"},
          {"POST /api/v1/loads", "analyst"},
          {"POST /api/v1/loads/{id}/parts", "analyst"},
          {"POST /api/v1/loads/{id}/finish", "analyst"},
          {"POST /api/v1/loads/{id}/abandon", "analyst"},
          {"POST /api/v1/sensors/{name}/enrol", "admin"},
          {"POST /api/v1/sensors/{name}/revoke", "admin"},
          {"POST /api/v1/sensors/{name}/distrust", "admin"},
          {"POST /api/v1/sensors/{name}/trust", "admin"},
          {"POST /api/v1/sensors/{name}/config", "admin"},
          {"GET /api/v1/sensors/{name}/config", "admin"},
          {"GET /api/v1/users", "admin"},
          {"POST /api/v1/users", "admin"},
          {"POST /api/v1/users/{name}/disable", "admin"},
          {"GET /api/v1/keys", "admin"},
          {"POST /api/v1/keys", "admin"},
          {"POST /api/v1/keys/{id}/revoke", "admin"},
          {"GET /api/v1/audit", "admin"},
          {"GET /api/v1/top", "reader"},
          {"GET /api/v1/fitness", "analyst"},
          {"GET /api/v1/days", "reader"},
          {"POST /api/v1/days/hold", "analyst"},
          {"POST /api/v1/days/release", "admin"},
          {"GET /api/v1/store", "reader"},
          {"POST /api/v1/store/check", "admin"},
          {"POST /api/v1/store/compact", "admin"},
          {"GET /api/v1/openapi.json", ""},
          {"GET /api/v1/observations/stream", "reader"},
          {"POST /api/v1/backup", "admin"},
          {"GET /api/v1/watches", "reader"},
          {"POST /api/v1/watches", "reader"},
          {"GET /api/v1/watches/{id}", "reader"},
          {"POST /api/v1/watches/{id}/remove", "reader"},
          {"GET /api/v1/watches/answers", "reader"},
          {"GET /api/v1/observations", "reader"},
          {"GET /api/v1/export/{format}", "reader"},
          {"GET /feeds/{name}", "member"},
          {"GET /api/v1/reports", "member"},
          {"POST /api/v1/reports", "analyst"},
          {"POST /api/v1/reports/{id}/withdraw", "analyst"}};
}

auto may(std::string_view role, std::string_view least) -> bool {
  if (least == "admin+sensor") return role == "admin" || role == "sensor";
  auto const rank = [](std::string_view name) { return std::ranges::find(kRoles, name) - kRoles.begin(); };
  return rank(role) >= rank(least);
}

auto hostile_bodies() -> std::vector<std::string> {
  auto bodies =
      std::vector<std::string>{"",
                               "{",
                               "}",
                               "null",
                               "[]",
                               "0",
                               "\"x\"",
                               "{}",
                               "{\"values\":null}",
                               "{\"values\":{}}",
                               "{\"values\":[null,true,{},[]]}",
                               "{\"title\":1,\"values\":[1e400]}",
                               "{\"name\":1e999,\"role\":[]}",
                               "{\"title\":\"t\",\"values\":[{}]}",
                               "{\"title\":\"t\",\"values\":[{\"value\":{}}],\"confidence\":-9223372036854775809}",
                               "{\"title\":\"t\",\"values\":[\"8.8.4.4\"],\"confidence\":99999999999999999999999}",
                               "{\"title\":\"\xff\xfe\",\"values\":[\"\xc0\xaf\"]}",
                               "{\"name\":\"\\ud800\",\"role\":\"reader\"}",
                               "{\"name\":\"a\",\"from\":\"9999-99-99\",\"to\":\"-1\"}",
                               "{\"user\":\"admin\",\"expires\":\"2024-13-45T99:99:99Z\"}",
                               std::string("{\"name\":\"a\0b\",\"role\":\"reader\"}", 30),
                               std::string(5000, '\0'),
                               std::string(100'000, '\xff'),
                               "{\"values\":[\"" + std::string(100'000, 'a') + "\"]}",
                               "{\"values\":[\"http://" + std::string(20'000, '/') + "\"]}"};
  auto deep = std::string{"{\"values\":"};
  for (auto i = 0; i < 100'000; ++i) deep += "[";
  bodies.push_back(deep);
  auto objects = std::string{};
  for (auto i = 0; i < 50'000; ++i) objects += "{\"a\":";
  bodies.push_back(objects);
  auto random = std::mt19937{7};
  for (auto i = 0; i < 60; ++i) {
    auto bytes = std::string{i % 2 == 0 ? "{\"values\":[\"" : ""};
    for (auto length = random() % 300; length > 0; --length) bytes.push_back(static_cast<char>(random() & 0xff));
    bodies.push_back(bytes);
  }
  return bodies;
}

auto is_json(std::string const &body) -> bool {
  auto error = boost::json::error_code{};
  (void)boost::json::parse(body, error);
  return !error;
}

}  // namespace

TEST_CASE("every endpoint lets in exactly the roles that the table names, and never fails with 5xx") {
  auto served = Served{};
  fill(served);
  auto const table = least_role();
  for (auto const &[name, target] : targets()) {
    REQUIRE_MESSAGE(table.contains(name), "say in least_role() who may call " << name);
    for (auto const *role : kRoles) {
      auto const status =
          served.ask(role, target.method, target.path, "{}", {{"value", "http://example.com/x"}}).status;
      INFO(name << " as " << (*role == '\0' ? "nobody" : role) << ": " << status);
      CHECK(status < 500);
      if (may(role, table.at(name)))
        CHECK((status != 401 && status != 403));
      else
        CHECK(status == (*role == '\0' ? 401U : 403U));
    }
  }
  CHECK(table.size() == targets().size());
}

TEST_CASE("no endpoint shows a secret or a value marked RED to a reader, or an observation to a member") {
  auto served = Served{};
  fill(served);
  auto seen_by_analyst = false;
  for (auto const &[name, target] : targets()) {
    auto const query = net::HttpFields{{"value", "http://example.com/x"}};
    auto const body = std::string{"8.8.4.4\nexample.com\n"};
    seen_by_analyst =
        seen_by_analyst ||
        served.ask("analyst", target.method, target.path, body, query).body.find(kSecret) != std::string::npos;
    for (auto const *role : {"", "sensor", "member", "reader"}) {
      auto const text = served.ask(role, target.method, target.path, body, query).body;
      INFO(name << " as " << role);
      CHECK(text.find(kSecret) == std::string::npos);
      CHECK(text.find("red-tag") == std::string::npos);
      CHECK(text.find("red source") == std::string::npos);
      if (std::string_view{role} == "member") CHECK(text.find("40001") == std::string::npos);
    }
  }
  CHECK(seen_by_analyst);
}

TEST_CASE("no endpoint falls over a hostile body: a clear refusal in JSON, or an ordinary answer") {
  auto served = Served{};
  fill(served);
  auto const bodies = hostile_bodies();
  for (auto const &[name, target] : targets()) {
    for (auto i = std::size_t{0}; i < bodies.size(); ++i) {
      auto const response =
          served.ask("admin", target.method, target.path, bodies[i], {{"value", bodies[i]}, {"limit", bodies[i]}},
                     {{"noroshi-sensor", "sensor"}, {"noroshi-epoch", bodies[i]}, {"noroshi-time", bodies[i]}});
      INFO(name << " body " << i << ": " << response.status << " " << response.body.substr(0, 200));
      CHECK(response.status < 500);
      if (response.status >= 400) CHECK(is_json(response.body));
      if (response.content_type == "application/json") CHECK(is_json(response.body));
    }
  }
}

TEST_CASE("no endpoint falls over hostile text in its path") {
  auto served = Served{};
  for (auto const &name : Registry<serve::Endpoint>::instance().names()) {
    for (auto const &hostile : {std::string{"\xff\xfe"}, std::string(70'000, 'a'), std::string{"..\0x", 4},
                                std::string{"-1"}, std::string{"99999999999999999999"}, std::string{"\x1b[2J"}}) {
      auto path = name.substr(name.find(' ') + 1);
      auto const open = path.find('{');
      if (open == std::string::npos) continue;
      path.replace(open, path.find('}') - open + 1, hostile);
      auto const response = served.ask("admin", name.substr(0, name.find(' ')), path);
      INFO(name << ": " << response.status);
      CHECK(response.status < 500);
      CHECK(is_json(response.body));
      CHECK(response.body.find('\x1b') == std::string::npos);
    }
  }
}
