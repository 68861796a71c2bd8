// Retro-hunts: many values against all days at once give what asking for each alone gives.
#include <map>

#include "know/past_observations.hpp"
#include "tests/know/observations_support.hpp"

namespace noroshi::know::testing {
namespace {

using model::Field;
using model::Kind;
using model::Value;
using model::ValueType;

struct Seen {
  int day;
  std::string source, host, url, sha256;
};

auto observation_of(Seen const &seen, std::uint64_t number) -> model::Observation {
  auto one = model::Observation{};
  one.time = at(seen.day, static_cast<std::int64_t>(number));
  one.visit = {0x0199, number};
  one.kind = Kind::request;
  one.source = {*model::IpAddress::parse(seen.source), 40'000};
  one.destination = {model::IpAddress::v4(0x7f00'0001), 80};
  one.service = "http";
  if (!seen.host.empty()) one.set(Field::host, std::string_view{seen.host});
  if (!seen.url.empty()) one.set(Field::url, std::string_view{seen.url});
  if (!seen.sha256.empty()) one.set(Field::sha256, std::string_view{seen.sha256});
  return one;
}

auto const kHash = std::string(64, 'a');

/// Spelled as visitors spell: in capitals, defanged, with escapes and ports.
auto all_seen() -> std::vector<Seen> {
  return {{1, "9.9.9.1", "CDN.Example.com:8080", "", ""},
          {1, "9.9.9.2", "", "HXXP://cdn[.]example[.]com/x", ""},
          {1, "2001:db8::5", "", "http://1.2.3.4/%78", kHash},
          {2, "9.9.9.1", "other.example.net", "", std::string(64, 'A')},
          {2, "9.9.9.1", "9.9.9.7", "", ""},
          {3, "9.9.10.1", "cdn.example.com", "http://cdn.example.com/x", ""},
          {3, "9.9.9.7", "", "", ""}};
}

auto filled(Folder const &folder) -> ObservationsAndPast {
  auto opened = value_of(open_observations_and_past(options_in(folder)));
  auto &store = opened.store;
  auto number = std::uint64_t{0};
  for (auto const &seen : all_seen()) {
    ++number;
    apply(*store, {observation_of(seen, number)}, at(seen.day, static_cast<std::int64_t>(number)), number);
  }
  return opened;
}

auto hunt(model::PastObservations &past, std::vector<Value> const &values) -> std::map<Value, std::uint64_t> {
  auto const found = value_of(past.sightings(values, [] { return true; }, kReader));
  CHECK(found.unread == 0);
  auto counts = std::map<Value, std::uint64_t>{};
  for (auto const &sighting : found.found) {
    CHECK(sighting.first_seen <= sighting.last_seen);
    CHECK(sighting.sensors == std::vector{model::SensorId{7}});
    CHECK_FALSE(counts.contains(sighting.value));
    counts[sighting.value] = sighting.count;
  }
  return counts;
}

/// So many different spellings of one host, on one day.
auto hosts_counted(std::uint64_t spellings) -> std::uint64_t {
  auto const folder = Folder{};
  auto const opened = value_of(open_observations_and_past(options_in(folder)));
  auto seen = std::vector<Seen>{};
  for (auto i = std::uint64_t{0}; i < spellings; ++i)
    seen.push_back({1, "9.9.9.1", fmt::format("CDN.example.com:{}", i), "", ""});
  auto group = std::vector<model::Observation>{};
  for (auto const &each : seen) group.push_back(observation_of(each, group.size() + 1));
  apply(*opened.store, group, at(1, 1), 1);
  return hunt(*opened.past, {{ValueType::domain, "cdn.example.com"},
                             {ValueType::ip, "9.9.9.8"}})[{ValueType::domain, "cdn.example.com"}];
}

auto const kExpected = std::map<Value, std::uint64_t>{{{ValueType::ip, "9.9.9.1"}, 3},
                                                      {{ValueType::ip, "2001:db8::5"}, 1},
                                                      {{ValueType::ip, "9.9.9.7"}, 2},
                                                      {{ValueType::ip, "1.2.3.4"}, 1},
                                                      {{ValueType::cidr, "9.9.9.0/24"}, 5},
                                                      {{ValueType::cidr, "2001:db8::/64"}, 1},
                                                      {{ValueType::cidr, "9.0.0.0/8"}, 6},
                                                      {{ValueType::domain, "cdn.example.com"}, 4},
                                                      {{ValueType::domain, "other.example.net"}, 1},
                                                      {{ValueType::url, "http://cdn.example.com/x"}, 2},
                                                      {{ValueType::url, "http://1.2.3.4/x"}, 1},
                                                      {{ValueType::sha256, kHash}, 2}};

auto asked() -> std::vector<Value> {
  auto values = std::vector<Value>{{ValueType::ip, "9.9.9.3"},          {ValueType::cidr, "10.0.0.0/8"},
                                   {ValueType::domain, "example.com"},  {ValueType::url, "http://cdn.example.com/"},
                                   {ValueType::email, "a@example.com"}, {ValueType::sha256, std::string(64, 'b')}};
  for (auto const &[value, count] : kExpected) values.push_back(value);
  return values;
}

TEST_CASE("a value that is spelled in very many ways is counted in all of them") {
  // Of one statement, of several, and more than are collected.
  for (auto const spellings : {400U, 1'200U, 21'000U}) CHECK(hosts_counted(spellings) == spellings);
}

TEST_CASE("a hunt finds every value in open and closed days, however visitors spelled it, and nothing else") {
  auto const folder = Folder{};
  auto const [store, past] = filled(folder);
  CHECK(hunt(*past, asked()) == kExpected);
  CHECK(value_of(store->close_days(day(3))) == 2);
  CHECK(hunt(*past, asked()) == kExpected);
  CHECK(value_of(store->close_days(day(4))) == 1);
  CHECK(hunt(*past, asked()) == kExpected);
}

TEST_CASE("a hunt for thousands of values finds the same as one for a few") {
  auto const folder = Folder{};
  auto const [store, past] = filled(folder);
  REQUIRE(store->close_days(day(4)));
  auto values = asked();
  for (auto i = 0U; i < 5'000; ++i) {
    values.push_back({ValueType::ip, model::IpAddress::v4(0x0a00'0000U + i).to_string()});
    values.push_back({ValueType::domain, "host" + std::to_string(i) + ".example.org"});
  }
  CHECK(hunt(*past, values) == kExpected);
}

TEST_CASE("a hunt is for the node's own organisation, and stops when it is told to") {
  auto const folder = Folder{};
  auto const [store, past] = filled(folder);
  auto const values = asked();
  CHECK(
      past->sightings(values, [] { return true; }, viewer(model::UserRole::member)).error().code == ErrorCode::denied);
  CHECK(past->sightings(values, [] { return false; }, kReader).error().code == ErrorCode::unavailable);
  CHECK(value_of(past->sightings({}, [] { return true; }, kReader)).found.empty());
}

}  // namespace
}  // namespace noroshi::know::testing
