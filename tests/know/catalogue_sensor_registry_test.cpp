// Sensors elsewhere in the catalogue: invitations, keys, settings, distrust; and that each act is audited.
#include <algorithm>

#include "catalogue_fixture.hpp"

using namespace noroshi;
using noroshi::test::CatalogueFixture;
using noroshi::test::kRoles;
using noroshi::test::viewer_of;

namespace {

auto pin(std::uint8_t number) -> model::KeyPin {
  auto made = model::KeyPin{};
  made.bytes.fill(number);
  return made;
}

auto sensor(CatalogueFixture &fixture, std::string_view name) -> model::Sensor {
  auto const all = fixture.catalogue->sensors(fixture.admin());
  REQUIRE(all);
  auto const found = std::ranges::find(*all, name, &model::Sensor::name);
  REQUIRE(found != all->end());
  return *found;
}

auto audited(CatalogueFixture &fixture, std::string_view action) -> std::size_t {
  auto const log = fixture.catalogue->audit_log({1000}, fixture.admin());
  REQUIRE(log);
  return static_cast<std::size_t>(std::ranges::count(*log, action, &model::AuditEntry::action));
}

void invite(CatalogueFixture &fixture, std::string_view name, std::uint8_t secret) {
  auto const until = fixture.clock.now() + std::chrono::hours{24};
  REQUIRE(fixture.catalogue->invite_sensor(name, pin(secret), until, fixture.admin()));
}

auto refusal(Result<model::Sensor> const &outcome) -> std::string {
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == ErrorCode::denied);
  return outcome.error().sentence;
}

}  // namespace

TEST_CASE("a code lets one key in, once") {
  auto fixture = CatalogueFixture{};
  invite(fixture, "rack", 1);
  CHECK(sensor(fixture, "rack").state == model::SensorState::invited);
  auto const version = fixture.catalogue->sensors_version();
  auto const joined = fixture.catalogue->join_sensor(pin(1), pin(50), "peer 192.0.2.1");
  REQUIRE(joined);
  CHECK(joined->state == model::SensorState::joined);
  CHECK(joined->key == pin(50));
  CHECK(fixture.catalogue->sensors_version() > version);
  CHECK(audited(fixture, "sensor.enrol") == 1);
  CHECK(audited(fixture, "sensor.join") == 1);

  // An answer that got lost: the same key may ask again. Another key is a thief's.
  CHECK(fixture.catalogue->join_sensor(pin(1), pin(50), "peer 192.0.2.1"));
  CHECK(refusal(fixture.catalogue->join_sensor(pin(1), pin(51), "peer 192.0.2.9")).find("was used") !=
        std::string::npos);
  CHECK(audited(fixture, "sensor.join.refused") == 1);
  CHECK(sensor(fixture, "rack").key == pin(50));
}

TEST_CASE("guesses fill no more than their share of the audit, and keep no code from being used") {
  auto fixture = CatalogueFixture{};
  invite(fixture, "rack", 1);
  auto const guess = [&](std::string_view from) {
    CHECK(refusal(fixture.catalogue->join_sensor(pin(9), pin(60), from)).find("not known") != std::string::npos);
  };
  auto const version = fixture.catalogue->sensors_version();
  for (auto i = 0; i < 20; ++i) guess(fmt::format("peer 2001:db8:0:1::{:x}", i + 1));
  CHECK(audited(fixture, "sensor.join.refused") == 5);
  CHECK(fixture.catalogue->sensors_version() - version == 5);
  for (auto i = 0; i < 200; ++i) guess(fmt::format("peer 192.0.2.{}", i));
  CHECK(audited(fixture, "sensor.join.refused") == 50);
  CHECK(fixture.catalogue->join_sensor(pin(1), pin(50), "peer 192.0.2.1"));
  // A code that was stolen is another story than guesses: it is noted beside them.
  for (auto i = 0; i < 20; ++i)
    CHECK_FALSE(fixture.catalogue->join_sensor(pin(1), pin(51), fmt::format("peer 192.0.2.{}", i)));
  CHECK(audited(fixture, "sensor.join.refused") == 55);
  fixture.clock.advance(std::chrono::minutes{2});
  guess("peer 192.0.2.1");
  CHECK(audited(fixture, "sensor.join.refused") == 56);
}

TEST_CASE("unknown, expired and replaced codes are refused, each with its own sentence, and audited") {
  auto fixture = CatalogueFixture{};
  CHECK(refusal(fixture.catalogue->join_sensor(pin(9), pin(50), "peer")).find("not known") != std::string::npos);
  invite(fixture, "rack", 1);
  invite(fixture, "rack", 2);
  CHECK(refusal(fixture.catalogue->join_sensor(pin(1), pin(50), "peer")).find("not known") != std::string::npos);
  fixture.clock.advance(std::chrono::hours{24});
  CHECK(refusal(fixture.catalogue->join_sensor(pin(2), pin(50), "peer")).find("expired") != std::string::npos);
  CHECK(audited(fixture, "sensor.join.refused") == 3);
  CHECK(audited(fixture, "sensor.join") == 0);
  CHECK_FALSE(fixture.catalogue->invite_sensor("rack", pin(3), fixture.clock.now(), fixture.admin()));
  CHECK(fixture.catalogue->invite_sensor("home", pin(3), fixture.clock.now() + Duration{1}, fixture.admin())
            .error()
            .code == ErrorCode::conflict);
}

TEST_CASE("a revoked sensor has no key, and comes back with a new code only") {
  auto fixture = CatalogueFixture{};
  invite(fixture, "rack", 1);
  REQUIRE(fixture.catalogue->join_sensor(pin(1), pin(50), "peer"));
  REQUIRE(fixture.catalogue->revoke_sensor("rack", fixture.admin()));
  CHECK(sensor(fixture, "rack").state == model::SensorState::revoked);
  CHECK_FALSE(sensor(fixture, "rack").key);
  CHECK(refusal(fixture.catalogue->join_sensor(pin(1), pin(50), "peer")).find("was used") != std::string::npos);
  invite(fixture, "rack", 2);
  CHECK(sensor(fixture, "rack").state == model::SensorState::revoked);
  CHECK(fixture.catalogue->join_sensor(pin(2), pin(50), "peer"));
  CHECK(fixture.catalogue->revoke_sensor("home", fixture.admin()).error().code == ErrorCode::conflict);
  CHECK(fixture.catalogue->revoke_sensor("nobody", fixture.admin()).error().code == ErrorCode::not_found);
}

TEST_CASE("one key is one sensor's") {
  auto fixture = CatalogueFixture{};
  invite(fixture, "one", 1);
  invite(fixture, "two", 2);
  REQUIRE(fixture.catalogue->join_sensor(pin(1), pin(50), "peer"));
  CHECK(refusal(fixture.catalogue->join_sensor(pin(2), pin(50), "peer")).find("already that of the sensor one") !=
        std::string::npos);
}

TEST_CASE("a sensor's settings stand before those of all, and every change raises its version") {
  auto fixture = CatalogueFixture{};
  invite(fixture, "rack", 1);
  auto const rack = sensor(fixture, "rack").id;
  auto const all = std::vector<model::SettingChange>{{"sense.hostname", "all"}, {"sense.space", "dark"}};
  auto const own = std::vector<model::SettingChange>{{"sense.hostname", "own"}};
  CHECK(*fixture.catalogue->configure_sensors("", all, fixture.admin()) == 1);
  CHECK(*fixture.catalogue->configure_sensors("rack", own, fixture.admin()) == 2);
  auto wanted = fixture.catalogue->sensor_configuration(rack);
  REQUIRE(wanted);
  CHECK(wanted->version == 2);
  CHECK(wanted->settings == std::map<std::string, std::string>{{"sense.hostname", "own"}, {"sense.space", "dark"}});
  auto const back = std::vector<model::SettingChange>{{"sense.hostname", std::nullopt}};
  CHECK(*fixture.catalogue->configure_sensors("rack", back, fixture.admin()) == 3);
  CHECK(fixture.catalogue->sensor_configuration(rack)->settings["sense.hostname"] == "all");
  CHECK(sensor(fixture, "rack").configuration == 3);
  CHECK(sensor(fixture, "home").configuration == 1);
  CHECK(audited(fixture, "sensor.configure") == 3);
}

TEST_CASE("distrust is open until trust, and both are remembered") {
  auto fixture = CatalogueFixture{};
  invite(fixture, "rack", 1);
  auto const since = fixture.clock.now() - std::chrono::hours{2};
  REQUIRE(fixture.catalogue->distrust_sensor("rack", since, "its host was broken into", fixture.admin()));
  CHECK(sensor(fixture, "rack").distrusted_since == since);
  CHECK(sensor(fixture, "rack").distrust_reason == "its host was broken into");
  auto const rack = sensor(fixture, "rack").id;
  auto const open = fixture.catalogue->distrusts();
  REQUIRE(open);
  CHECK((*open)[0].covers(rack, since));
  CHECK_FALSE((*open)[0].covers(rack, since - Duration{1}));
  CHECK_FALSE((*open)[0].covers(model::SensorId{1}, since));
  fixture.clock.advance(std::chrono::hours{1});
  REQUIRE(fixture.catalogue->trust_sensor("rack", fixture.admin()));
  CHECK_FALSE(sensor(fixture, "rack").distrusted_since);
  auto const over = fixture.catalogue->distrusts();
  CHECK((*over)[0].covers(rack, fixture.clock.now() - Duration{1}));
  CHECK_FALSE((*over)[0].covers(rack, fixture.clock.now()));
  CHECK(fixture.catalogue->trust_sensor("rack", fixture.admin()).error().code == ErrorCode::conflict);
  CHECK(
      fixture.catalogue->distrust_sensor("rack", fixture.clock.now() + Duration{1}, "", fixture.admin()).error().code ==
      ErrorCode::malformed);
  CHECK(audited(fixture, "sensor.distrust") == 1);
  CHECK(audited(fixture, "sensor.trust") == 1);
}

TEST_CASE("only administrators enrol, revoke, configure, distrust and trust") {
  auto fixture = CatalogueFixture{};
  invite(fixture, "rack", 1);
  auto const change = std::vector<model::SettingChange>{{"sense.hostname", "x"}};
  for (auto const role : kRoles) {
    if (role == model::UserRole::admin) continue;
    auto const viewer = viewer_of(role);
    auto const later = fixture.clock.now() + std::chrono::hours{1};
    CHECK(fixture.catalogue->invite_sensor("x", pin(3), later, viewer).error().code == ErrorCode::denied);
    CHECK(fixture.catalogue->revoke_sensor("rack", viewer).error().code == ErrorCode::denied);
    CHECK(fixture.catalogue->configure_sensors("rack", change, viewer).error().code == ErrorCode::denied);
    CHECK(fixture.catalogue->distrust_sensor("rack", Time{}, "", viewer).error().code == ErrorCode::denied);
    CHECK(fixture.catalogue->trust_sensor("rack", viewer).error().code == ErrorCode::denied);
  }
}
