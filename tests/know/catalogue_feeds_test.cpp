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
  for (auto const *name : {"sensor/home", "import/cowrie/x", "analyst/admin"})
    CHECK(fixture.catalogue->feed_source(name, admin).error().code == ErrorCode::denied);
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
  REQUIRE(fixture.catalogue->keep_feed_reports(source, 2));
  CHECK(fixture.catalogue->report(first->at(0), admin).error().code == ErrorCode::not_found);
  CHECK(fixture.catalogue->report(first->at(1), admin));
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
