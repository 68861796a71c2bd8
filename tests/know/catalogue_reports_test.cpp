#include "know/indicator_store.hpp"
#include "tests/know/catalogue_fixture.hpp"

namespace noroshi {
namespace {

using test::CatalogueFixture;
using test::viewer_of;

auto write(std::string_view domain, model::Tlp tlp = model::Tlp::green) -> model::IndicatorWrite {
  auto written = model::IndicatorWrite{{model::ValueType::domain, std::string{domain}}, {}};
  written.context.tlp = tlp;
  written.context.attribute = "domain";
  written.context.tags = {"phishing-kit"};
  written.context.collected_by = model::CollectedBy::report;
  return written;
}

auto add(CatalogueFixture &fixture, std::string_view title, std::vector<model::IndicatorWrite> const &writes)
    -> model::Report {
  auto report = fixture.catalogue->add_report("analyst/alice", title, writes, viewer_of(model::UserRole::analyst));
  if (!report) FAIL(report.error().sentence);
  return *report;
}

auto changes(CatalogueFixture &fixture, std::uint64_t position, std::size_t limit = 1000)
    -> std::optional<model::IndicatorCommit> {
  auto commit = fixture.catalogue->changes_after(position, limit);
  if (!commit) FAIL(commit.error().sentence);
  return *commit;
}

TEST_CASE("a report's indicators come out as changes, in order, under its own source and number") {
  auto fixture = CatalogueFixture{};
  CHECK_FALSE(changes(fixture, 0));
  auto forged = write("a.example");
  forged.context.source = model::SourceId{1};
  forged.context.report = model::ReportId{77};
  auto const report = add(fixture, "Kit seen in Osaka", {forged, write("b.example", model::Tlp::amber)});
  fixture.reopen();
  auto const commit = changes(fixture, 0);
  REQUIRE(commit);
  CHECK(commit->stream == "catalogue");
  CHECK(commit->position == 2);
  CHECK(commit->withdrawals.empty());
  REQUIRE(commit->writes.size() == 2);
  CHECK(commit->writes[0].indicator.text == "a.example");
  CHECK(commit->writes[1].indicator.text == "b.example");
  CHECK(commit->writes[1].context.tlp == model::Tlp::amber);
  for (auto const &written : commit->writes) {
    CHECK(written.context.source == report.source);
    CHECK(written.context.report == report.id);
    CHECK(written.context.tags == std::vector<std::string>{"phishing-kit"});
  }
  CHECK(fixture.catalogue->source(report.source)->name == "analyst/alice");
}

TEST_CASE("changes come in parts, and what is forgotten does not come again") {
  auto fixture = CatalogueFixture{};
  auto const first = add(fixture, "one", {write("a.example"), write("b.example"), write("c.example")});
  REQUIRE(fixture.catalogue->withdraw_report(first.id, viewer_of(model::UserRole::analyst)));
  auto const part = changes(fixture, 0, 2);
  REQUIRE(part);
  CHECK(part->position == 2);
  CHECK(part->writes.size() == 2);
  auto const rest = changes(fixture, part->position, 2);
  REQUIRE(rest);
  CHECK(rest->position == 4);
  CHECK(rest->writes.size() == 1);
  REQUIRE(rest->withdrawals.size() == 1);
  CHECK(rest->withdrawals[0].report == first.id);
  CHECK(rest->withdrawals[0].source == first.source);
  CHECK_FALSE(changes(fixture, 4));

  REQUIRE(fixture.catalogue->trim_changes(4));
  CHECK_FALSE(changes(fixture, 0));
  add(fixture, "two", {write("d.example")});
  CHECK(changes(fixture, 4)->position == 5);
}

TEST_CASE("adding and withdrawing reaches the indicator store exactly, also when changes are replayed") {
  auto fixture = CatalogueFixture{};
  auto const store = *know::open_indicator_store(fixture.folder / "indicators");
  auto const follow = [&](std::uint64_t from) {
    while (auto const commit = changes(fixture, from, 2)) {
      REQUIRE(store->apply(*commit));
      from = commit->position;
    }
  };
  auto const kept = add(fixture, "kept", {write("a.example"), write("b.example")});
  auto const gone = add(fixture, "gone", {write("a.example"), write("c.example")});
  follow(0);
  CHECK(store->stats()->contexts == 4);
  REQUIRE(fixture.catalogue->withdraw_report(gone.id, viewer_of(model::UserRole::analyst)));
  REQUIRE(fixture.catalogue->withdraw_report(gone.id, viewer_of(model::UserRole::analyst)));
  follow(*store->cursor("catalogue"));
  CHECK(store->stats()->contexts == 2);
  CHECK(store->stats()->indicators == 2);
  follow(0);
  CHECK(store->stats()->contexts == 2);
  CHECK(fixture.catalogue->report(gone.id, fixture.admin())->withdrawn);
  CHECK_FALSE(fixture.catalogue->report(kept.id, fixture.admin())->withdrawn);
}

TEST_CASE("a report is shown to those who may see all of it, newest first") {
  auto fixture = CatalogueFixture{};
  auto const green = add(fixture, "green", {write("a.example")});
  auto const amber = add(fixture, "amber", {write("a.example"), write("b.example", model::Tlp::amber)});
  auto const red = add(fixture, "red", {write("c.example", model::Tlp::red), write("a.example")});
  auto const titles = [&](model::UserRole role) {
    auto text = std::string{};
    for (auto const &report : *fixture.catalogue->reports({}, viewer_of(role))) text += report.title + " ";
    return text;
  };
  CHECK(titles(model::UserRole::admin) == "red amber green ");
  CHECK(titles(model::UserRole::analyst) == "red amber green ");
  CHECK(titles(model::UserRole::reader) == "amber green ");
  CHECK(titles(model::UserRole::member) == "green ");
  CHECK(fixture.catalogue->report(red.id, viewer_of(model::UserRole::reader)).error().code == ErrorCode::not_found);
  CHECK(fixture.catalogue->report(amber.id, viewer_of(model::UserRole::member)).error().code == ErrorCode::not_found);
  CHECK(fixture.catalogue->report(green.id, viewer_of(model::UserRole::member))->title == "green");
}

TEST_CASE("nobody writes a report in a sensor's name, or in another organisation's") {
  auto fixture = CatalogueFixture{};
  auto const writes = std::vector{write("a.example")};
  auto const analyst = viewer_of(model::UserRole::analyst);
  auto const forged = fixture.catalogue->add_report("sensor/home", "forged", writes, analyst);
  CHECK(forged.error().code == ErrorCode::denied);
  auto const report = add(fixture, "ours", writes);
  auto stranger = analyst;
  stranger.organisation = model::OrganisationId{2};
  CHECK(fixture.catalogue->add_report("analyst/alice", "forged", writes, stranger).error().code == ErrorCode::denied);
  CHECK(fixture.catalogue->withdraw_report(report.id, stranger).error().code == ErrorCode::denied);
  CHECK(changes(fixture, 0)->position == 1);
  CHECK(fixture.catalogue->reports({}, analyst)->size() == 1);
}

TEST_CASE("a report that cannot be kept leaves nothing behind") {
  auto fixture = CatalogueFixture{};
  auto const analyst = viewer_of(model::UserRole::analyst);
  auto const writes = std::vector{write("a.example")};
  CHECK(fixture.catalogue->add_report("analyst/alice", "", writes, analyst).error().code == ErrorCode::malformed);
  CHECK(fixture.catalogue->add_report("analyst/alice", std::string(1001, 'x'), writes, analyst).error().code ==
        ErrorCode::too_large);
  CHECK(fixture.catalogue->add_report("", "title", writes, analyst).error().code == ErrorCode::malformed);
  auto const many = std::vector<model::IndicatorWrite>(500'001, write("a.example"));
  CHECK(fixture.catalogue->add_report("analyst/alice", "many", many, analyst).error().code == ErrorCode::too_large);
  CHECK(fixture.catalogue->withdraw_report(model::ReportId{5}, analyst).error().code == ErrorCode::not_found);
  CHECK(fixture.catalogue->reports({}, analyst)->empty());
  CHECK_FALSE(changes(fixture, 0));
}

}  // namespace
}  // namespace noroshi
