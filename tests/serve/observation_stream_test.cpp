#include <doctest/doctest.h>

#include "serve/observation_stream.hpp"
#include "support/served.hpp"

using namespace noroshi;
using noroshi::test::Served;

namespace {

auto login(std::uint64_t visit, std::string_view source, std::string_view password) -> model::Observation {
  auto seen = model::Observation{};
  seen.time = Time{std::chrono::days{19'999}};
  seen.visit = model::Uuid{1, visit};
  seen.kind = model::Kind::login;
  seen.source = {*model::IpAddress::parse(source), 40'000};
  seen.destination = {model::IpAddress::v4(0x7f00'0001), 23};
  seen.service = "telnet";
  seen.set(model::Field::username, std::string_view{"root"}).set(model::Field::password, password);
  return seen;
}

auto batch(std::uint64_t position, std::vector<model::Observation> const &observations)
    -> std::shared_ptr<understand::LogRecord const> {
  auto record = understand::LogRecord{};
  record.position = position;
  record.rows = static_cast<std::uint32_t>(observations.size());
  record.batch.sensor = {1};
  for (auto const &seen : observations) model::append_frame(record.batch.frames, seen);
  return std::make_shared<understand::LogRecord const>(std::move(record));
}

struct Event {
  std::string id, name;
  boost::json::object data;
};

/// Reads what a stream gives until it waits, as a browser's EventSource would.
auto events_of(net::LiveBody &body) -> std::vector<Event> {
  auto text = std::string{};
  while (body.next(text) == net::LiveBody::Step::more) {
  }
  auto events = std::vector<Event>{};
  auto event = Event{};
  for (auto rest = std::string_view{text}; !rest.empty();) {
    auto const line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with("id: ")) event.id = line.substr(4);
    if (line.starts_with("event: ")) event.name = line.substr(7);
    if (line.starts_with("data: ")) event.data = boost::json::parse(std::string{line.substr(6)}).as_object();
    if (line.empty() && !event.name.empty()) events.push_back(std::exchange(event, {}));
  }
  return events;
}

auto follow(Served &served, std::string_view as, net::HttpFields query = {}, net::HttpFields headers = {})
    -> std::shared_ptr<net::LiveBody> {
  auto const response = served.ask(as, "GET", "/api/v1/observations/stream", {}, std::move(query), std::move(headers));
  REQUIRE(response.status == 200);
  CHECK(response.content_type == "text/event-stream");
  REQUIRE(response.live);
  return response.live;
}

}  // namespace

TEST_CASE("a stream gives each observation once, with an id that goes on behind it") {
  auto served = Served{};
  auto const stream = follow(served, "analyst");
  served.tail.publish({batch(5, {login(1, "192.0.2.1", "a"), login(2, "192.0.2.2", "b")})});
  auto events = events_of(*stream);
  REQUIRE(events.size() == 2);
  CHECK(events[0].name == "observation");
  CHECK(events[0].id == "5-1");
  CHECK(events[0].data.at("src").as_string() == "192.0.2.1");
  CHECK(events[0].data.at("password").as_string() == "a");
  CHECK(events[1].id == "6-0");
  CHECK(events_of(*stream).empty());

  auto const back = follow(served, "analyst", {}, {{"last-event-id", events[0].id}});
  events = events_of(*back);
  REQUIRE(events.size() == 1);
  CHECK(events[0].data.at("src").as_string() == "192.0.2.2");
}

TEST_CASE("readers of a stream see no secrets, and filters leave out the rest") {
  auto served = Served{};
  auto const reader = follow(served, "reader", {{"source", "192.0.2[.]1"}});
  auto const nothing = follow(served, "reader", {{"kind", "command"}});
  served.tail.publish({batch(5, {login(1, "192.0.2.1", "hunter2"), login(2, "192.0.2.2", "hunter2")})});
  auto const events = events_of(*reader);
  REQUIRE(events.size() == 1);
  CHECK(events[0].data.at("username").as_string() == "root");
  CHECK_FALSE(events[0].data.contains("password"));
  CHECK(events_of(*nothing).empty());
}

TEST_CASE("a large batch comes in pieces, whole and in order") {
  auto served = Served{};
  auto const stream = follow(served, "reader");
  auto many = std::vector<model::Observation>{};
  for (auto visit = std::uint64_t{0}; visit < 5'000; ++visit) many.push_back(login(visit, "192.0.2.1", "x"));
  served.tail.publish({batch(9, many)});
  auto piece = std::string{};
  CHECK(stream->next(piece) == net::LiveBody::Step::more);
  CHECK(piece.size() < 100'000);
  auto const rest = events_of(*stream);
  auto const first = static_cast<std::size_t>(std::ranges::count(piece, '{'));
  CHECK(first + rest.size() == 5'000);
  CHECK(rest.back().id == "10-0");
}

TEST_CASE("a stream says so where observations are gone, and ends after an hour") {
  auto served = Served{};
  served.tail.begin_after(100);
  auto const stream = follow(served, "reader", {}, {{"last-event-id", "50-1"}});
  auto const events = events_of(*stream);
  REQUIRE(events.size() == 1);
  CHECK(events[0].name == "missed");
  served.clock.advance(serve::ObservationStream::kLongest);
  auto text = std::string{};
  CHECK(stream->next(text) == net::LiveBody::Step::end);
}

TEST_CASE("a made-up event id or filter is refused in one sentence") {
  auto served = Served{};
  auto const path = "/api/v1/observations/stream";
  CHECK(served.ask("reader", "GET", path, {}, {}, {{"last-event-id", "yesterday"}}).status == 400);
  CHECK(served.ask("reader", "GET", path, {}, {{"kind", "nonsense"}}).status == 400);
  CHECK(served.ask("reader", "GET", path, {}, {{"source", "example.com"}}).status == 400);
}
