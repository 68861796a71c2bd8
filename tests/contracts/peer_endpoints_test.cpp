// What holds for everything on the peer port, that of tomorrow included: who is let in, and hostile requests.
#include <map>
#include <random>

#include <doctest/doctest.h>

#include "serve/peer_router.hpp"
#include "support/served.hpp"

using namespace noroshi;

namespace {

auto pin(std::uint8_t number) -> model::KeyPin {
  auto made = model::KeyPin{};
  made.bytes.fill(number);
  return made;
}

struct PeerPort {
  PeerPort() {
    auto const admin = *catalogue.local_administrator();
    auto number = std::uint8_t{0};
    for (auto const *name : {"joined", "distrusted", "revoked"}) {
      ++number;
      REQUIRE(catalogue.invite_sensor(name, pin(static_cast<std::uint8_t>(100 + number)), Time::max(), admin));
      REQUIRE(catalogue.join_sensor(pin(static_cast<std::uint8_t>(100 + number)), pin(number), "test"));
    }
    REQUIRE(catalogue.distrust_sensor("distrusted", Time{}, "", admin));
    REQUIRE(catalogue.revoke_sensor("revoked", admin));
  }
  auto ask(std::optional<model::KeyPin> key, std::string const &endpoint, std::string body = {},
           net::HttpFields headers = {}) -> net::HttpResponse {
    auto request = net::HttpRequest{};
    request.method = endpoint.substr(0, endpoint.find(' '));
    request.path = endpoint.substr(endpoint.find(' ') + 1);
    request.headers = std::move(headers);
    request.body = std::move(body);
    request.peer_key = key;
    auto response = router.handle(request);
    if (auto const later = response.later) later([&](net::HttpResponse known) { response = std::move(known); });
    return response;
  }

  test::FakeCatalogue catalogue;
  Config config;
  ManualClock clock{Time{std::chrono::days{20'000}}};
  std::vector<model::Batch> batches;
  serve::SensorHealthBook health{catalogue};
  serve::PeerPacks packs{"/nowhere"};
  serve::PeerRouter router{{catalogue, config, clock,
                            [this](model::Batch const &batch, std::function<void(Result<bool>)> const &done) {
                              batches.push_back(batch);
                              done(true);
                            },
                            health, packs}};
};

auto with_health() -> net::HttpFields {
  return {{"noroshi-time", to_rfc3339(Time{std::chrono::days{20'000}})},
          {"noroshi-spool-bytes", "1"},
          {"noroshi-drops", "2"},
          {"noroshi-version", "0.1"},
          {"noroshi-epoch", "1"},
          {"noroshi-sequence", "1"}};
}

}  // namespace

TEST_CASE("every peer endpoint takes sensors whose key is known, distrusted ones too, and nobody else") {
  auto port = PeerPort{};
  auto const open_to_strangers = std::set<std::string>{"POST /peer/v1/enrol"};
  auto const names = Registry<serve::PeerEndpoint>::instance().names();
  CHECK(names.size() >= 5);
  for (auto const &name : names) {
    INFO(name);
    auto const none = port.ask(std::nullopt, name, "{}", with_health());
    CHECK(none.status == 401);
    CHECK(none.ends_connection);
    for (auto const number : {std::uint8_t{3}, std::uint8_t{9}}) {  // revoked, unknown
      auto const response = port.ask(pin(number), name, "{}", with_health());
      if (open_to_strangers.contains(name)) continue;
      CHECK(response.status == 403);
      CHECK(response.ends_connection);
    }
    for (auto const number : {std::uint8_t{1}, std::uint8_t{2}}) {
      auto const response = port.ask(pin(number), name, "{}", with_health());
      CHECK(response.status != 401);
      CHECK((response.status != 403 || open_to_strangers.contains(name)));
      CHECK(response.status < 500);
    }
  }
}

TEST_CASE("a sensor is put out at once, on the connection that it has") {
  auto port = PeerPort{};
  CHECK(port.ask(pin(1), "POST /peer/v1/health", {}, with_health()).status == 200);
  REQUIRE(port.catalogue.revoke_sensor("joined", *port.catalogue.local_administrator()));
  CHECK(port.ask(pin(1), "POST /peer/v1/health", {}, with_health()).status == 403);
}

TEST_CASE("only sensors may send the peer port more than a few KiB, and others are told so before they have") {
  auto port = PeerPort{};
  auto const asked = [&](std::optional<model::KeyPin> key, std::string path) {
    auto header = net::HttpRequest{};
    header.method = "POST";
    header.path = std::move(path);
    header.peer_key = key;
    auto const refused = port.router.refusal_of_body(header);
    return refused ? refused->status : 0U;
  };
  for (auto const *path : {"/peer/v1/batches", "/peer/v1/enrol", "/nowhere"}) {
    CHECK(asked(std::nullopt, path) == 401);
    CHECK(asked(pin(1), path) == 0);
    CHECK(asked(pin(2), path) == 0);  // distrusted
    for (auto const number : {std::uint8_t{3}, std::uint8_t{9}})
      CHECK(asked(pin(number), path) == (std::string_view{path} == "/peer/v1/enrol" ? 413 : 403));
  }
}

TEST_CASE("a batch is its sender's, whatever its headers say") {
  auto port = PeerPort{};
  auto headers = with_health();
  headers.emplace_back("noroshi-sensor", "distrusted");
  CHECK(port.ask(pin(1), "POST /peer/v1/batches", test::one_frame(), headers).status == 200);
  REQUIRE(port.batches.size() == 1);
  auto const all = port.catalogue.sensors(model::node_viewer());
  auto const joined = std::ranges::find(*all, "joined", &model::Sensor::name);
  CHECK(port.batches[0].sensor == joined->id);
}

TEST_CASE("times of a sensor whose clock is hours off are put right, those of a good clock stay") {
  auto port = PeerPort{};
  auto headers = with_health();
  auto const time_of_first = [&] {
    auto reader = model::FrameReader{port.batches.back().frames};
    auto seen = model::Observation{};
    REQUIRE(reader.next(seen) == model::FrameReader::Step::frame);
    return seen.time;
  };
  CHECK(port.ask(pin(1), "POST /peer/v1/batches", test::one_frame(), headers).status == 200);
  auto const as_sent = time_of_first();
  headers[0].second = to_rfc3339(port.clock.now() + std::chrono::hours{5});
  CHECK(port.ask(pin(1), "POST /peer/v1/batches", test::one_frame(), headers).status == 200);
  CHECK(time_of_first() == as_sent - std::chrono::hours{5});
  REQUIRE(port.health.flush());
  auto const all = port.catalogue.sensors(model::node_viewer());
  CHECK(std::ranges::find(*all, "joined", &model::Sensor::name)->clock_offset_s == 5 * 3600);
}

TEST_CASE("a sensor with an honest clock cannot hand in observations of the future") {
  auto port = PeerPort{};
  for (auto const *time : {"2191-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
    auto seen = model::Observation{};
    seen.time = *parse_rfc3339(time);
    seen.service = "telnet";
    auto frames = test::one_frame();
    model::append_frame(frames, seen);
    CHECK(port.ask(pin(1), "POST /peer/v1/batches", frames, with_health()).status == 200);
    auto reader = model::FrameReader{port.batches.back().frames};
    for (auto i = 0; i < 2; ++i) {
      REQUIRE(reader.next(seen) == model::FrameReader::Step::frame);
      CHECK(seen.time <= port.clock.now());
    }
    CHECK(seen.extra.starts_with("{\"clock_offset_s\":"));
  }
}

TEST_CASE("no peer endpoint falls over a hostile body or header") {
  auto port = PeerPort{};
  auto random = std::mt19937{7};
  auto bodies = std::vector<std::string>{
      "", "{", "null", "{\"secret\":1}", "{\"secret\":\"zz\"}", std::string(100'000, '\xff'), std::string(5000, '\0')};
  for (auto i = 0; i < 50; ++i) {
    auto body = std::string{};
    for (auto length = random() % 300; length > 0; --length) body.push_back(static_cast<char>(random() & 0xff));
    bodies.push_back(std::move(body));
  }
  for (auto const &name : Registry<serve::PeerEndpoint>::instance().names())
    for (auto const &body : bodies) {
      auto headers = with_health();
      for (auto &[header, value] : headers)
        if (random() % 3 == 0) value = body.substr(0, 200);
      auto const response = port.ask(pin(1), name, body, headers);
      INFO(name << ": " << response.status << " " << response.body.substr(0, 200));
      CHECK(response.status < 500);
      CHECK(response.body.find('\x1b') == std::string::npos);
    }
}
