#include "tests/know/catalogue_fixture.hpp"

namespace noroshi {
namespace {

using test::CatalogueFixture;

auto sensor(CatalogueFixture &fixture, std::string_view name) -> model::Sensor {
  auto found = fixture.catalogue->ensure_sensor(name);
  if (!found) FAIL(found.error().sentence);
  return *found;
}

TEST_CASE("a sensor is made once, with a source of its own") {
  auto fixture = CatalogueFixture{};
  auto const tokyo = sensor(fixture, "tokyo-1");
  CHECK(tokyo.id != model::SensorId{1});
  CHECK(sensor(fixture, "tokyo-1").id == tokyo.id);
  CHECK(fixture.catalogue->source(tokyo.source)->name == "sensor/tokyo-1");
  CHECK(fixture.catalogue->ensure_source("https://example.org/feed")->id ==
        fixture.catalogue->ensure_source("https://example.org/feed")->id);
  CHECK(fixture.catalogue->ensure_sensor("no spaces").error().code == ErrorCode::malformed);
  CHECK(fixture.catalogue->sensors(fixture.admin())->size() == 2);
}

TEST_CASE("progress moves a sensor and the cursor together, and a replayed group changes nothing") {
  auto fixture = CatalogueFixture{};
  auto const home = sensor(fixture, "home");
  auto const seen = fixture.clock.now();
  auto const step = model::SensorProgress{home.id, 3, 7, 100, seen};
  REQUIRE(fixture.catalogue->apply(std::span{&step, 1}, 10));
  CHECK(*fixture.catalogue->cursor() == 10);
  for (auto const position : {10U, 9U, 1U}) REQUIRE(fixture.catalogue->apply(std::span{&step, 1}, position));
  fixture.reopen();
  auto const after = sensor(fixture, "home");
  CHECK(after.epoch == 3);
  CHECK(after.sequence == 7);
  CHECK(after.observations == 100);
  CHECK(after.last_seen == seen);
  CHECK(*fixture.catalogue->cursor() == 10);
}

TEST_CASE("a sensor's epoch and sequence never move back") {
  auto fixture = CatalogueFixture{};
  auto const home = sensor(fixture, "home");
  auto position = std::uint64_t{0};
  auto const apply = [&](std::uint64_t epoch, std::uint64_t sequence) {
    auto const step = model::SensorProgress{home.id, epoch, sequence, 1, Time{}};
    REQUIRE(fixture.catalogue->apply(std::span{&step, 1}, ++position));
    auto const after = sensor(fixture, "home");
    return std::pair{after.epoch, after.sequence};
  };
  CHECK(apply(5, 9) == std::pair<std::uint64_t, std::uint64_t>{5, 9});
  CHECK(apply(5, 8) == std::pair<std::uint64_t, std::uint64_t>{5, 9});
  CHECK(apply(4, 90) == std::pair<std::uint64_t, std::uint64_t>{5, 9});
  CHECK(apply(6, 1) == std::pair<std::uint64_t, std::uint64_t>{6, 1});
  CHECK(apply(1'790'000'000'000'000, 1) == std::pair<std::uint64_t, std::uint64_t>{1'790'000'000'000'000, 1});
  CHECK(sensor(fixture, "home").observations == 5);
}

TEST_CASE("progress of an unknown sensor fails as a whole") {
  auto fixture = CatalogueFixture{};
  auto const steps = std::array{model::SensorProgress{model::SensorId{1}, 1, 1, 5, Time{}},
                                model::SensorProgress{model::SensorId{99}, 1, 1, 5, Time{}}};
  CHECK(fixture.catalogue->apply(steps, 4).error().code == ErrorCode::not_found);
  CHECK(*fixture.catalogue->cursor() == 0);
  CHECK(sensor(fixture, "home").observations == 0);
}

TEST_CASE("a sensor's own report of its health is kept") {
  auto fixture = CatalogueFixture{};
  auto const note = [&](model::SensorHealth const &health) { return fixture.catalogue->note_health({&health, 1}); };
  REQUIRE(note({model::SensorId{1}, 12, 4096, -0.25, "0.1.0"}));
  auto const home = sensor(fixture, "home");
  CHECK(home.drops == 12);
  CHECK(home.spool_bytes == 4096);
  CHECK(home.clock_offset_s == -0.25);
  CHECK(home.version == "0.1.0");
  CHECK(note({.sensor = model::SensorId{99}}).error().code == ErrorCode::not_found);
}

}  // namespace
}  // namespace noroshi
