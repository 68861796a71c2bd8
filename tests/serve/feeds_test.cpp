#include <doctest/doctest.h>

#include "base/bytes.hpp"
#include "support/served.hpp"

using namespace noroshi;
using noroshi::test::header;
using noroshi::test::object_of;
using noroshi::test::Served;

namespace {

void add_scanner(Served &served, std::string_view address) {
  auto context = model::Context{};
  context.source = {1};
  context.role = model::Role::scanner;
  context.direction = model::Direction::inbound;
  context.evidence = model::Evidence::observed;
  context.first_seen = context.last_seen = served.clock.now();
  context.to_ids = true;
  context.expiry = served.clock.now() + std::chrono::days{1};
  served.indicators.add(*model::parse_value(address), context);
}

void add_logins(Served &served, int count) {
  for (auto i = 0; i < count; ++i) {
    auto login = model::StoredObservation{};
    login.time = login.received = served.clock.now();
    login.visit = model::Uuid{1, static_cast<std::uint64_t>(i)};
    login.kind = i == 0 ? model::Kind::opened : model::Kind::login;
    login.sensor = {1};
    login.source = {model::IpAddress::v4(0x0808'0404), 40'001};
    login.destination = {model::IpAddress::v4(0xcb00'714d), 23};
    login.service = "telnet";
    login.fields = {{model::Field::username, fmt::format("user{} at 203.0.113.77", i), 0},
                    {model::Field::password, "hunter2", 0}};
    served.observations.observations.push_back(login);
  }
}

}  // namespace

TEST_CASE("whoever has the list already gets 304 with its tag, and the list where it changed") {
  auto served = Served{};
  add_scanner(served, "8.8.4.4");
  auto const first = served.ask("reader", "GET", "/feeds/inbound-ips.txt");
  REQUIRE(first.status == 200);
  CHECK(first.body.ends_with("\n8.8.4.4\n"));
  CHECK(first.content_type.starts_with("text/plain"));
  auto const tag = header(first, "ETag");
  CHECK(tag.size() == 34);
  CHECK(header(first, "Cache-Control") == "private, no-cache");
  CHECK(header(first, "Last-Modified").ends_with(" GMT"));
  auto const with = [&](std::string name, std::string value) {
    return served.ask("reader", "GET", "/feeds/inbound-ips.txt", {}, {}, {{std::move(name), std::move(value)}});
  };
  for (auto const &tags : {tag, "W/" + tag, "\"x\", " + tag, std::string{"*"}}) {
    auto const again = with("if-none-match", tags);
    CHECK(again.status == 304);
    CHECK(again.body.empty());
    CHECK(header(again, "ETag") == tag);
  }
  CHECK(with("if-none-match", "\"x\"").status == 200);
  CHECK(with("if-modified-since", header(first, "Last-Modified")).status == 304);
  CHECK(with("if-modified-since", "yesterday").status == 200);
  add_scanner(served, "8.8.4.5");
  served.indicators.cursors["intake"] = 1;
  served.clock.advance(std::chrono::seconds{5});
  auto const changed = with("if-none-match", tag);
  CHECK(changed.status == 200);
  CHECK(changed.body.ends_with("\n8.8.4.4\n8.8.4.5\n"));
}

TEST_CASE("other answers are still not to be kept") {
  auto served = Served{};
  CHECK(header(served.ask("admin", "GET", "/api/v1/status"), "Cache-Control") == "no-store");
  CHECK(header(served.ask("admin", "GET", "/feeds/nothing"), "Cache-Control") == "no-store");
}

TEST_CASE("a firewall may send its key as a password, for lists only") {
  auto served = Served{};
  auto const ask = [&](std::string_view path, std::string_view pair) {
    return served.ask("", "GET", std::string{path}, {}, {}, {{"authorization", "Basic " + to_base64(pair)}});
  };
  CHECK(ask("/feeds/hashes.txt", "firewall:nrs_reader").status == 200);
  CHECK(ask("/feeds/hashes.txt", ":nrs_member").status == 200);
  CHECK(ask("/feeds/hashes.txt", "firewall:wrong").status == 401);
  CHECK(ask("/feeds/hashes.txt", "nrs_reader").status == 401);
  CHECK(ask("/feeds/hashes.txt", "sensor:nrs_sensor").status == 403);
  CHECK(ask("/api/v1/status", "admin:nrs_admin").status == 401);
  CHECK(served.ask("", "GET", "/feeds/hashes.txt", {}, {}, {{"authorization", "Basic ***"}}).status == 401);
  CHECK(header(ask("/feeds/hashes.txt", "x:y"), "WWW-Authenticate").find("Basic") != std::string::npos);
  CHECK(header(ask("/api/v1/status", "x:y"), "WWW-Authenticate").find("Basic") == std::string::npos);
}

TEST_CASE("public lists are off until the operator turns them on") {
  auto served = Served{};
  CHECK(served.ask("reader", "GET", "/feeds/public-inbound-ips.txt").status == 404);
}

TEST_CASE("observations come in pages, and the pages of an export are the export") {
  auto served = Served{};
  add_logins(served, 25);
  auto const whole = served.ask("analyst", "GET", "/api/v1/export/csv");
  REQUIRE(whole.status == 200);
  CHECK(header(whole, "Noroshi-Next").empty());
  CHECK(header(whole, "Noroshi-Written") == "25");
  auto joined = std::string{};
  auto cursor = std::string{};
  do {
    auto const page = served.ask("analyst", "GET", "/api/v1/export/csv", {}, {{"limit", "4"}, {"cursor", cursor}});
    REQUIRE(page.status == 200);
    joined += page.body;
    cursor = header(page, "Noroshi-Next");
  } while (!cursor.empty());
  CHECK(joined == whole.body);
  auto const page = object_of(served.ask("reader", "GET", "/api/v1/observations", {}, {{"limit", "10"}}));
  CHECK(page.at("observations").as_array().size() == 10);
  CHECK(page.at("next").is_string());
}

TEST_CASE("an export tells neither secrets nor where the sensors are, unless one's own people ask for it") {
  auto served = Served{};
  add_logins(served, 3);
  auto const plain = served.ask("analyst", "GET", "/api/v1/export/csv").body;
  CHECK(plain.find("hunter2") == std::string::npos);
  CHECK(plain.find("203.0.113.77") == std::string::npos);
  CHECK(plain.find("user1 at sensor.invalid") != std::string::npos);
  auto const ask = [&](std::string_view as, std::string flag) {
    return served.ask(as, "GET", "/api/v1/export/csv", {}, {{std::move(flag), "true"}});
  };
  CHECK(ask("analyst", "with_secrets").body.find("hunter2") != std::string::npos);
  CHECK(ask("reader", "with_secrets").status == 403);
  CHECK(ask("reader", "keep_sensors").body.find("203.0.113.77") != std::string::npos);
}

TEST_CASE("what cannot be asked of a format is said") {
  auto served = Served{};
  auto const status = [&](std::string path, net::HttpFields query) {
    return served.ask("analyst", "GET", std::move(path), {}, std::move(query)).status;
  };
  CHECK(status("/api/v1/export/xml", {}) == 404);
  CHECK(status("/api/v1/export/plain", {{"kind", "login"}}) == 400);
  CHECK(status("/api/v1/export/csv", {{"kind", "nonsense"}}) == 400);
  CHECK(status("/api/v1/export/csv", {{"since", "yesterday"}}) == 400);
  CHECK(status("/api/v1/export/csv", {{"limit", "0"}}) == 400);
  CHECK(status("/api/v1/export/csv", {{"keep_sensors", "maybe"}}) == 400);
  CHECK(status("/api/v1/export/stix", {{"cursor", "nonsense"}}) == 400);
  CHECK(status("/api/v1/observations", {{"source", "nobody"}}) == 400);
}
