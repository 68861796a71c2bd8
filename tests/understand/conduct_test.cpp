// What visitors do, one detector at a time.
#include "tests/understand/findings.hpp"
#include "understand/recent_sources.hpp"

namespace noroshi::understand {
namespace {

using model::Field;
using model::Kind;
using noroshi::test::observation;
using test::conclude;
using test::Seen;
using test::Tags;
using test::tags;

auto const kStart = Time{std::chrono::seconds{1'790'000'000}};
constexpr auto kSource = std::string_view{"8.8.4.4"};

auto opened_at(std::uint16_t port, Duration after = {}, std::string_view target = "203.0.113.7") {
  auto seen = observation(kSource, Kind::opened, 0, kStart + after);
  seen.destination = {*model::IpAddress::parse(target), port};
  return seen;
}

auto logins(int count, Duration apart) {
  auto seen = std::vector<model::Observation>{};
  for (auto i = 0; i < count; ++i) seen.push_back(observation(kSource, Kind::login, 0, kStart + i * apart));
  return seen;
}

auto command(std::string_view line, std::string_view service) {
  auto seen = observation(kSource, Kind::command);
  seen.service = service;
  return seen.set(Field::command, line);
}

auto request(std::string_view method, std::string_view target) {
  auto seen = observation(kSource, Kind::request);
  seen.service = "http";
  return seen.set(Field::method, method).set(Field::path, target);
}

TEST_CASE("connections to five ports within the window are a scan, four are none") {
  auto seen = std::vector<model::Observation>{};
  for (auto const port : {80, 443, 8080, 8443, 80, 80}) seen.push_back(opened_at(static_cast<std::uint16_t>(port)));
  CHECK(tags(conclude(seen, {}, {"scan"})) == Tags{});
  seen.push_back(opened_at(23));
  auto const writes = conclude(seen, {}, {"scan"});
  CHECK(tags(writes) == Tags{"attack:T1595"});
  REQUIRE(writes.size() == 1);
  CHECK(writes[0].context.role == model::Role::scanner);
  CHECK(writes[0].context.direction == model::Direction::inbound);
  CHECK(writes[0].context.evidence == model::Evidence::observed);
  CHECK(tags(conclude(seen, {"detect.scan_ports=6"}, {"scan"})) == Tags{});
}

TEST_CASE("connections to five decoy addresses, or by five sensors, are a scan") {
  auto by_address = std::vector<model::Observation>{};
  for (auto const *target : {"203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.5"})
    by_address.push_back(opened_at(23, {}, target));
  CHECK(tags(conclude(by_address, {}, {"scan"})) == Tags{"attack:T1595"});
  by_address.pop_back();
  CHECK(tags(conclude(by_address, {}, {"scan"})) == Tags{});
  auto by_sensor = std::vector<Seen>{};
  for (auto sensor = 1; sensor <= 5; ++sensor) by_sensor.push_back({opened_at(23), sensor});
  CHECK(tags(conclude(by_sensor, {}, {"scan"})) == Tags{"attack:T1595"});
}

TEST_CASE("ports tried further apart than the window are no scan") {
  auto seen = std::vector<model::Observation>{};
  for (auto i = 0; i < 10; ++i)
    seen.push_back(opened_at(static_cast<std::uint16_t>(1000 + i), i * Duration{std::chrono::minutes{20}}));
  CHECK(tags(conclude(seen, {}, {"scan"})) == Tags{});
  CHECK(tags(conclude(seen, {"detect.scan_window=3h"}, {"scan"})) == Tags{"attack:T1595"});
}

TEST_CASE("the fifth log-in attempt within the window is brute force, the fourth is not") {
  CHECK(tags(conclude(logins(4, std::chrono::seconds{1}), {}, {"brute_force"})) == Tags{});
  CHECK(tags(conclude(logins(5, std::chrono::seconds{1}), {}, {"brute_force"})) == Tags{"attack:T1110"});
  CHECK(tags(conclude(logins(20, std::chrono::minutes{5}), {}, {"brute_force"})) == Tags{});
  CHECK(tags(conclude(logins(3, std::chrono::seconds{1}), {"detect.brute_force_tries=3"}, {"brute_force"})) ==
        Tags{"attack:T1110"});
}

TEST_CASE("thresholds out of range name their key") {
  for (auto const *setting : {"detect.scan_ports=1", "detect.scan_targets=33", "detect.brute_force_tries=0"}) {
    CAPTURE(setting);
    auto const config = Config::load("", false, {setting});
    REQUIRE(config);
    auto sentences = std::string{};
    for (auto const *name : {"scan", "brute_force"})
      if (auto const done = Registry<Detector>::instance().create(name)->configure(*config); !done)
        sentences += done.error().sentence;
    CHECK(sentences.starts_with(std::string_view{setting}.substr(0, std::string_view{setting}.find('='))));
  }
}

TEST_CASE("only an accepted log-in is a log-in success") {
  auto seen = observation(kSource, Kind::login);
  CHECK(tags(conclude(std::vector{seen.set(Field::accepted, std::int64_t{0})}, {}, {"login_success"})) == Tags{});
  CHECK(tags(conclude(std::vector{seen.set(Field::accepted, std::int64_t{1})}, {}, {"login_success"})) ==
        Tags{"attack:T1078"});
}

TEST_CASE("any shell command is command execution; cron, keys and modules are named") {
  auto const found = [](std::string_view line, std::string_view service) {
    return tags(conclude(std::vector{command(line, service)}, {}, {"command_execution"}));
  };
  CHECK(found("uname -a", "telnet") == Tags{"attack:T1059"});
  CHECK(found("(Crontab -l; echo x) | crontab -", "ssh") == Tags{"attack:T1053.003", "attack:T1059"});
  CHECK(found("echo x >> ~/.ssh/authorized_keys", "ssh") == Tags{"attack:T1059", "attack:T1098.004"});
  CHECK(found("INFO", "redis") == Tags{});
  CHECK(found("SET x y", "redis") == Tags{});
  CHECK(found("CONFIG SET dir /var/spool/cron/", "redis") == Tags{"attack:T1053.003"});
  CHECK(found("config set dir /root/.ssh", "redis") == Tags{"attack:T1098.004"});
  CHECK(found("MODULE LOAD /tmp/exp.so", "redis") == Tags{"attack:T1129"});
  CHECK(found("SLAVEOF 203.0.113.9 6379", "redis") == Tags{"attack:T1059"});
}

TEST_CASE("a file left where cron or sshd reads it is what it is for") {
  auto file = observation(kSource, Kind::file);
  CHECK(tags(conclude(std::vector{file.set(Field::file_name, "/var/spool/cron/root")}, {}, {"command_execution"})) ==
        Tags{"attack:T1053.003"});
  CHECK(tags(conclude(std::vector{file.set(Field::file_name, "/root/.ssh/authorized_keys")}, {},
                      {"command_execution"})) == Tags{"attack:T1098.004"});
  CHECK(tags(conclude(std::vector{file.set(Field::file_name, "/tmp/x")}, {}, {"command_execution"})) == Tags{});
}

TEST_CASE("a download asked for and a file left behind say something about the visitor too") {
  auto download = observation(kSource, Kind::download);
  download.set(Field::url, "http://evil.example.com/a.sh");
  auto const writes = conclude(std::vector{download}, {}, {"payload_download"});
  REQUIRE(writes.size() == 3);
  CHECK(writes[0].indicator.text == kSource);
  CHECK(writes[0].context.evidence == model::Evidence::observed);
  CHECK(tags(writes) == Tags{"attack:T1105"});
}

TEST_CASE("CONNECT, another host's URL and SOCKS are proxy abuse; one's own URL in full is none") {
  auto const found = [](model::Observation const &seen) {
    return tags(conclude(std::vector{seen}, {}, {"proxy_abuse"}));
  };
  CHECK(found(request("CONNECT", "example.com:443")) == Tags{"attack:T1090"});
  CHECK(found(request("GET", "http://example.com/")) == Tags{"attack:T1090"});
  CHECK(found(request("GET", "http://9.9.9.9:80/x")) == Tags{"attack:T1090"});
  CHECK(found(request("GET", "http://user@[2001:4860::1]:80/x")) == Tags{"attack:T1090"});
  CHECK(found(request("GET", "http://203.0.113.7:80/")) == Tags{});
  CHECK(found(request("GET", "/redirect?to=http://example.com/")) == Tags{});
  auto hello = observation(kSource, Kind::hello);
  CHECK(found(hello.set(Field::protocol, "socks5")) == Tags{"attack:T1090"});
  CHECK(found(hello.set(Field::protocol, "tls")) == Tags{});
}

TEST_CASE("where a proxy's user wanted to go does not become an indicator") {
  CHECK(test::texts(conclude(std::vector{request("CONNECT", "victim.example.com:443"),
                                         request("GET", "http://9.9.9.9/")})) == Tags{"8.8.4.4"});
}

TEST_CASE("a source is forgotten only when its place is needed, and state has a fixed size") {
  auto sources = RecentSources<int>{};
  sources.at(*model::IpAddress::parse("192.0.2.1")) = 7;
  for (auto i = std::uint32_t{0}; i < 4; ++i) sources.at(model::IpAddress::v4(0x0808'0000U + i)) = 1;
  CHECK(sources.at(*model::IpAddress::parse("192.0.2.1")) == 7);
  for (auto i = std::uint32_t{0}; i < 20 * RecentSources<int>::kLimit; ++i)
    sources.at(model::IpAddress::v4(0x0900'0000U + i)) = 1;
  CHECK(sources.at(*model::IpAddress::parse("192.0.2.1")) == 0);
}

TEST_CASE("contexts of many visitors and services stay apart, and equal ones merge") {
  auto derived = Derived{};
  auto const conduct = Conduct{kStart, kStart + std::chrono::hours{1}, 1, 40, "attack:T1110"};
  for (auto round = 0; round < 3; ++round)
    for (auto i = std::uint32_t{0}; i < 5000; ++i)
      for (auto const *service : {"telnet", "http"})
        derived.add({model::IpAddress::v4(0x0900'0000U + i), {i % 2 + 1}, service}, conduct);
  auto const writes = std::move(derived).writes();
  REQUIRE(writes.size() == 10'000);
  for (auto const &write : writes) {
    REQUIRE(write.context.count == 3);
    REQUIRE(write.context.tags == Tags{"attack:T1110"});
  }
  CHECK(writes.front().indicator.text == "9.0.0.0");
}

TEST_CASE("more tags than a machine word has bits are all kept") {
  auto derived = Derived{};
  auto names = std::vector<std::string>{};
  for (auto i = 0; i < 200; ++i) names.push_back("cve:CVE-2026-" + std::to_string(10'000 + i));
  for (auto round = 0; round < 2; ++round)
    for (auto const &name : names)
      derived.add({model::IpAddress::v4(0x0808'0404U), {1}, "http"}, {kStart, kStart, 0, 95, name});
  auto const writes = std::move(derived).writes();
  REQUIRE(writes.size() == 1);
  CHECK(writes[0].context.tags == names);
}

}  // namespace
}  // namespace noroshi::understand
