// Feeds in the catalogue: their sources, and the reports they name.
#include <doctest/doctest.h>

#include "tests/know/catalogue_fixture.hpp"

using namespace noroshi;

TEST_CASE("a feed's source is made once, and names of sensors and analysts are not for feeds") {
  auto fixture = test::CatalogueFixture{};
  auto const admin = fixture.admin();
  auto const first = fixture.catalogue->feed_source("maltrail", admin);
  REQUIRE(first);
  CHECK(fixture.catalogue->feed_source("maltrail", admin)->id == first->id);
  for (auto const *name : {"sensor/home", "import/cowrie/x", "analyst/admin", "", " ", " maltrail", "maltrail "})
    CHECK(fixture.catalogue->feed_source(name, admin).error().code == ErrorCode::malformed);
  auto reader = admin;
  reader.role = model::UserRole::reader;
  CHECK(fixture.catalogue->feed_source("maltrail", reader).error().code == ErrorCode::denied);
}

TEST_CASE("a feed's reports keep their ids from load to load, stay out of the list, and go when no longer named") {
  auto fixture = test::CatalogueFixture{};
  auto const admin = fixture.admin();
  auto const source = fixture.catalogue->feed_source("maltrail", admin)->id;
  auto const titles = std::vector<std::string>{"https://r.example/1", "https://r.example/2"};
  auto const first = fixture.catalogue->feed_reports(source, titles, model::Tlp::green, 1);
  REQUIRE(first);
  CHECK(fixture.catalogue->report(first->at(1), admin)->title == titles[1]);
  CHECK(fixture.catalogue->reports({}, admin)->empty());
  auto const again = fixture.catalogue->feed_reports(source, std::vector<std::string>{titles[1]}, model::Tlp::green, 2);
  REQUIRE(again);
  CHECK(again->at(0) == first->at(1));
  REQUIRE(fixture.catalogue->feed_loaded({.source = source, .load = 2, .values = 1, .replaced = true}, admin));
  CHECK(fixture.catalogue->report(first->at(0), admin).error().code == ErrorCode::not_found);
  CHECK(fixture.catalogue->report(first->at(1), admin));
}

TEST_CASE("a name that people's reports bear is not for a feed, until they are withdrawn") {
  auto fixture = test::CatalogueFixture{};
  auto const admin = fixture.admin();
  auto const report = fixture.catalogue->add_report("partner", "Winter", {}, admin);
  REQUIRE(report);
  auto const refused = fixture.catalogue->feed_source("partner", admin);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(refused.error().sentence.contains(fmt::format("noroshi report withdraw {}", report->id.number)));
  // Also where the report came while the load was under way.
  CHECK(fixture.catalogue->claim_feed(report->source).error().code == ErrorCode::conflict);
  REQUIRE(fixture.catalogue->withdraw_report(report->id, admin));
  CHECK(fixture.catalogue->feed_source("partner", admin));
}

TEST_CASE("a feed's name is not for reports, from the moment that a load of it becomes visible") {
  auto fixture = test::CatalogueFixture{};
  auto const admin = fixture.admin();
  auto const source = fixture.catalogue->feed_source("maltrail", admin)->id;
  REQUIRE(fixture.catalogue->claim_feed(source));
  auto const refused = fixture.catalogue->add_report("maltrail", "Winter", {}, admin);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(fixture.catalogue->add_report("maltrail notes", "Winter", {}, admin));
}

TEST_CASE("a feed has as many values as its largest load since it was replaced, and each load is audited") {
  auto fixture = test::CatalogueFixture{};
  auto const admin = fixture.admin();
  auto const source = fixture.catalogue->feed_source("maltrail", admin)->id;
  auto const load = [&](std::uint64_t values, bool replaced) {
    REQUIRE(fixture.catalogue->feed_loaded(
        {.source = source, .load = 1, .values = values, .replaced = replaced, .name = "maltrail", .detail = "x"},
        admin));
    return *fixture.catalogue->claim_feed(source);
  };
  CHECK(fixture.catalogue->claim_feed(source).value_or(9) == 0);
  CHECK(load(100, true) == 100);
  CHECK(load(30, false) == 100);
  CHECK(load(200, false) == 200);
  CHECK(load(30, true) == 30);
  auto const log = fixture.catalogue->audit_log({10}, admin);
  CHECK(std::ranges::count(*log, "feed.load", &model::AuditEntry::action) == 4);
}

TEST_CASE("a feed's report is hidden from whom its marking does not allow") {
  auto fixture = test::CatalogueFixture{};
  auto const admin = fixture.admin();
  auto const source = fixture.catalogue->feed_source("secret", admin)->id;
  auto const ids = fixture.catalogue->feed_reports(source, std::vector<std::string>{"t"}, model::Tlp::red, 1);
  auto member = admin;
  member.role = model::UserRole::member;
  CHECK(fixture.catalogue->report(ids->at(0), member).error().code == ErrorCode::not_found);
}
