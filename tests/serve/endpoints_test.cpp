#include <doctest/doctest.h>

#include "support/served.hpp"

using namespace noroshi;
using noroshi::test::lines_of;
using noroshi::test::object_of;
using noroshi::test::Served;

namespace {

auto last_audit(Served const &served) -> std::string {
  return served.catalogue.log.empty() ? ""
                                      : served.catalogue.log.back().actor + " " + served.catalogue.log.back().action;
}

}  // namespace

TEST_CASE("search answers JSON and plain lines alike, in order, and its last line names the members") {
  auto served = Served{};
  CHECK(served.ask("analyst", "POST", "/api/v1/reports", R"({"title":"t","role":"c2","values":["c2.example.com"]})")
            .status == 201);
  auto const json = served.ask("reader", "POST", "/api/v1/search", R"( {"values":["8.8.8.8","c2[.]example.com","?"]})");
  CHECK(json.status == 200);
  CHECK(json.content_type == "application/x-ndjson");
  auto const lines = lines_of(json);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].at("value") == "8.8.8.8");
  CHECK(lines[0].at("known") == false);
  CHECK(lines[1].at("known") == true);
  CHECK(lines[1].at("hits").as_array().at(0).as_object().at("source") == "analyst/analyst");
  CHECK(lines[2].at("type").is_null());
  auto const &member = lines[3].at("members").as_array().at(0).as_object();
  CHECK(member.at("member") == "tower");
  CHECK(member.at("status") == "answered");
  CHECK(member.at("values") == 3);
  CHECK(member.at("hits") == 1);
  CHECK(member.at("reason").is_null());
  auto const text = served.ask("reader", "POST", "/api/v1/search", "8.8.8.8\r\n\n  c2[.]example.com \n?");
  CHECK(lines_of(text)[1].at("known") == true);
  CHECK(lines_of(text).size() == 4);
}

TEST_CASE("more values than one look-up takes are answered each, in order") {
  auto served = Served{};
  auto body = std::string{};
  for (auto i = 0; i < 10'000; ++i) body += fmt::format("host{}.example.com\n", i);
  auto const lines = lines_of(served.ask("reader", "POST", "/api/v1/search", body));
  REQUIRE(lines.size() == 10'001);
  CHECK(lines[0].at("value") == "host0.example.com");
  CHECK(lines[9'999].at("value") == "host9999.example.com");
}

TEST_CASE("more than a million values are too many, none at all is malformed") {
  auto served = Served{};
  auto body = std::string{};
  for (auto i = 0; i < 1'000'001; ++i) body += "x\n";
  CHECK(served.ask("reader", "POST", "/api/v1/search", body).status == 413);
  for (auto const *none : {"", "\n \n", "{}", R"({"values":[]})", R"({"values":"8.8.8.8"})", R"({"values":[1]})", "{"})
    CHECK(served.ask("reader", "POST", "/api/v1/search", none).status == 400);
}

TEST_CASE("a report's values are found as soon as its answer is there, and gone as soon as it is withdrawn") {
  auto served = Served{};
  auto const added =
      served.ask("analyst", "POST", "/api/v1/reports",
                 R"({"title":"Winter","source":"analyst/ann","tlp":"green","confidence":80,"role":"download",
                                    "values":["hxxp://bad[.]example[.]com/x.sh",
                                              {"value":"8.8.4.4","role":"scanner","tags":["b","a","b"],"to_ids":true}]})");
  REQUIRE_MESSAGE(added.status == 201, added.body);
  CHECK(object_of(added).at("values") == 2);
  auto const lines = lines_of(served.ask("reader", "POST", "/api/v1/search", "http://bad.example.com/x.sh\n8.8.4.4"));
  auto const &url = lines[0].at("hits").as_array().at(0).as_object();
  CHECK(url.at("role") == "download");
  CHECK(url.at("direction") == "outbound");
  CHECK(url.at("tlp") == "green");
  CHECK(url.at("confidence") == 80);
  CHECK(url.at("report") == "Winter");
  CHECK(url.at("collected_by") == "report");
  auto const &ip = lines[1].at("hits").as_array().at(0).as_object();
  CHECK(ip.at("direction") == "inbound");
  CHECK(ip.at("to_ids") == true);
  CHECK(ip.at("tags").as_array().size() == 2);
  auto const id = object_of(added).at("id").as_int64();
  CHECK(served.ask("analyst", "POST", fmt::format("/api/v1/reports/{}/withdraw", id)).status == 200);
  CHECK(lines_of(served.ask("reader", "POST", "/api/v1/search", "8.8.4.4"))[0].at("known") == false);
  CHECK(last_audit(served) == "analyst report.withdraw");
  auto const listed = object_of(served.ask("reader", "GET", "/api/v1/reports")).at("reports").as_array();
  CHECK(listed.at(0).as_object().at("withdrawn") == true);
}

TEST_CASE("a report with a value that cannot be read is refused whole, and each such value is quoted with its place") {
  auto served = Served{};
  auto const response =
      served.ask("analyst", "POST", "/api/v1/reports", R"({"title":"t","values":["8.8.4.4","?","also bad"]})");
  CHECK(response.status == 400);
  auto const detail = std::string{object_of(response).at("detail").as_string()};
  CHECK(detail.find("2 of 3") != std::string::npos);
  CHECK(detail.find("\n  3: also bad") != std::string::npos);
  CHECK(served.indicators.hits.empty());
  for (auto const *wrong :
       {R"({"title":"t","values":["8.8.4.4"],"rolle":"c2"})", R"({"title":"t","values":["8.8.4.4"],"role":"king"})",
        R"({"title":"t","values":["8.8.4.4"],"confidence":101})", R"({"title":"t","values":["8.8.4.4"],"tlp":"pink"})",
        R"({"title":"t","values":[{"value":"8.8.4.4","x":1}]})", R"({"values":["8.8.4.4"]})",
        R"({"title":"","values":["8.8.4.4"]})", R"({"title":"t","values":["8.8.4.4"],"expires":"tomorrow"})",
        R"({"title":"t","values":["8.8.4.4"],"tags":"x"})"})
    CHECK_MESSAGE(served.ask("analyst", "POST", "/api/v1/reports", wrong).status == 400, wrong);
}

TEST_CASE("a batch is acknowledged once it is durable, twice the same is said to be a duplicate, and health is noted") {
  auto served = Served{};
  auto const headers = net::HttpFields{{"noroshi-sensor", "sensor"},      {"noroshi-epoch", "7"},
                                       {"noroshi-sequence", "1"},         {"noroshi-time", "2024-10-04T00:00:02Z"},
                                       {"noroshi-spool-bytes", "10"},     {"noroshi-drops", "3"},
                                       {"noroshi-version", "1.0\x1b[31m"}};
  auto const first = served.ask("sensor", "POST", "/api/v1/batches", test::one_frame(), {}, headers);
  REQUIRE_MESSAGE(first.status == 200, first.body);
  CHECK(object_of(first).at("duplicate") == false);
  CHECK(object_of(first).at("observations") == 1);
  REQUIRE(served.batches.size() == 1);
  CHECK(served.batches[0].epoch == 7);
  CHECK(served.batches[0].frames == test::one_frame());
  auto const again = served.ask("sensor", "POST", "/api/v1/batches", test::one_frame(), {}, headers);
  CHECK(object_of(again).at("duplicate") == true);
  auto const sensors = object_of(served.ask("reader", "GET", "/api/v1/sensors")).at("sensors").as_array();
  CHECK(sensors.at(0).as_object().at("drops") == 3);
  CHECK(sensors.at(0).as_object().at("clock_offset_s") == 2);
  CHECK(sensors.at(0).as_object().at("version") == "1.0\\x1b[31m");
}

TEST_CASE("a damaged, an empty and a nameless batch are refused, and nothing reaches the intake") {
  auto served = Served{};
  auto const headers = net::HttpFields{{"noroshi-sensor", "sensor"}, {"noroshi-epoch", "7"}, {"noroshi-sequence", "1"}};
  auto damaged = test::one_frame();
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  CHECK(served.ask("sensor", "POST", "/api/v1/batches", damaged, {}, headers).status == 400);
  CHECK(served.ask("sensor", "POST", "/api/v1/batches", "", {}, headers).status == 400);
  CHECK(served.ask("sensor", "POST", "/api/v1/batches", test::one_frame()).status == 400);
  CHECK(served
            .ask("sensor", "POST", "/api/v1/batches", test::one_frame(), {},
                 {{"noroshi-sensor", "sensor"}, {"noroshi-epoch", "-1"}})
            .status == 400);
  CHECK(served.batches.empty());
}

TEST_CASE("a sensor's key hands in batches of that sensor only") {
  auto served = Served{};
  auto const headers = net::HttpFields{{"noroshi-sensor", "other"}, {"noroshi-epoch", "7"}, {"noroshi-sequence", "1"}};
  CHECK(served.ask("sensor", "POST", "/api/v1/batches", test::one_frame(), {}, headers).status == 403);
  CHECK(served.ask("admin", "POST", "/api/v1/batches", test::one_frame(), {}, headers).status == 200);
}

TEST_CASE("users and keys are made and ended, the key is told once, and each act is audited") {
  auto served = Served{};
  CHECK(served.ask("admin", "POST", "/api/v1/users", R"({"name":"bob","role":"analyst"})").status == 201);
  CHECK(last_audit(served) == "admin user.create");
  CHECK(served.ask("admin", "POST", "/api/v1/users", R"({"name":"bob","role":"analyst"})").status == 409);
  CHECK(served.ask("admin", "POST", "/api/v1/users", R"({"name":"eve","role":"queen"})").status == 400);
  auto const key = served.ask("admin", "POST", "/api/v1/keys",
                              R"({"user":"bob","label":"laptop","expires":"2024-10-05T00:00:00Z"})");
  CHECK(key.status == 201);
  CHECK(object_of(served.ask("admin", "POST", "/api/v1/keys", R"({"user":"analyst"})")).at("label") == "of analyst");
  auto const text = std::string{object_of(key).at("key").as_string()};
  CHECK(last_audit(served) == "admin key.create");
  CHECK(served.ask(text.substr(4), "GET", "/api/v1/status").status == 200);
  CHECK(served.ask("admin", "GET", "/api/v1/keys").body.find(text + "\"") == std::string::npos);
  served.clock.advance(std::chrono::hours{48});
  CHECK(served.ask(text.substr(4), "GET", "/api/v1/status").status == 401);
  CHECK(served.ask("admin", "POST", "/api/v1/keys/6/revoke").status == 200);
  CHECK(last_audit(served) == "admin key.revoke");
  CHECK(served.ask("admin", "POST", "/api/v1/keys/x/revoke").status == 400);
  CHECK(served.ask("admin", "POST", "/api/v1/users/bob/disable").status == 200);
  CHECK(served.ask("admin", "POST", "/api/v1/users/nobody/disable").status == 404);
  auto const audit =
      object_of(served.ask("admin", "GET", "/api/v1/audit", {}, {{"limit", "2"}})).at("audit").as_array();
  REQUIRE(audit.size() == 2);
  CHECK(audit.at(0).as_object().at("action") == "user.disable");
}

TEST_CASE("days are listed, held and released, and the last two are audited") {
  auto served = Served{};
  CHECK(served.ask("analyst", "POST", "/api/v1/days/hold", R"({"name":"case 7","from":"2024-10-01","to":"2024-10-02"})")
            .status == 200);
  CHECK(last_audit(served) == "analyst days.hold");
  auto const days = object_of(served.ask("reader", "GET", "/api/v1/days")).at("days").as_array();
  CHECK(days.at(0).as_object().at("held") == true);
  CHECK(served.ask("analyst", "POST", "/api/v1/days/release", R"({"name":"case 7"})").status == 403);
  CHECK(served.ask("admin", "POST", "/api/v1/days/release", R"({"name":"case 7"})").status == 200);
  CHECK(last_audit(served) == "admin days.release");
  CHECK(served.ask("admin", "POST", "/api/v1/days/release", R"({"name":"case 7"})").status == 404);
  CHECK(served.ask("admin", "POST", "/api/v1/days/hold", R"({"name":"x","from":"2024-10-03","to":"2024-10-02"})")
            .status == 400);
  CHECK(served.ask("admin", "POST", "/api/v1/days/hold", R"({"name":"x","from":"soon","to":"2024-10-02"})").status ==
        400);
}

TEST_CASE("status has every member that is promised, with a node running and without") {
  auto served = Served{};
  for (auto const *running :
       {"{}", R"({"listeners":[{"decoy":"telnet"}],"uptime":5,"sensors":"overwritten"})", "[]", "{"}) {
    served.running = running;
    auto const status = object_of(served.ask("reader", "GET", "/api/v1/status"));
    for (auto const *member :
         {"listeners", "protections", "sensors", "spool", "stores", "unknown_commands", "events_per_second", "uptime"})
      CHECK_MESSAGE(status.contains(member), member);
    CHECK(status.at("sensors").is_array());
  }
  served.running = R"({"listeners":[{"decoy":"telnet"}],"uptime":5})";
  auto const status = object_of(served.ask("reader", "GET", "/api/v1/status"));
  CHECK(status.at("listeners").as_array().at(0).as_object().at("decoy") == "telnet");
  CHECK(status.at("running") == true);
}

TEST_CASE("health is told to anyone, metrics to readers") {
  auto served = Served{};
  CHECK(served.ask("", "GET", "/healthz").body == "ok\n");
  CHECK(served.ask("", "GET", "/metrics").status == 401);
  auto const metrics = served.ask("reader", "GET", "/metrics");
  CHECK(metrics.status == 200);
  CHECK(metrics.body.find("noroshi_api_requests_total{outcome=\"answered\"}") != std::string::npos);
}
