#include "tests/know/indicators_fixture.hpp"

namespace noroshi {
namespace {

using namespace test;

TEST_CASE("what was written is found after a restart, with every member of its context") {
  auto folder = TemporaryFolder{};
  auto written = write("192.0.2.7", 3, 4);
  auto &context = written.context;
  context.attribute = "decoy/telnet";
  context.role = model::Role::scanner;
  context.direction = model::Direction::inbound;
  context.evidence = model::Evidence::observed;
  context.collected_by = model::CollectedBy::sinkhole;
  context.scope = model::Scope::subtree;
  context.count = 17;
  context.confidence = 80;
  context.tlp = model::Tlp::green;
  context.pap = model::Pap::green;
  context.to_ids = true;
  context.tags = {"", "a,b", "mirai", "日本\n"};
  context.expiry = kNow + std::chrono::hours{1};
  REQUIRE(open_store(folder / "indicators.sqlite")->apply({.stream = "intake", .position = 9, .writes = {written}}));

  auto store = open_store(folder / "indicators.sqlite");
  auto const hits = look_up(*store, "192.0.2.7");
  REQUIRE(hits.size() == 1);
  CHECK(hits[0].match == model::MatchKind::exact);
  CHECK(hits[0].indicator == value("192.0.2.7"));
  auto const &found = hits[0].context;
  CHECK(same_key(found, context));
  CHECK(found.collected_by == context.collected_by);
  CHECK(found.scope == context.scope);
  CHECK(found.first_seen == context.first_seen);
  CHECK(found.last_seen == context.last_seen);
  CHECK(found.count == 17);
  CHECK(found.confidence == 80);
  CHECK(found.tlp == model::Tlp::green);
  CHECK(found.pap == model::Pap::green);
  CHECK(found.to_ids);
  CHECK(found.tags == context.tags);
  CHECK(found.expiry == context.expiry);
  CHECK(found.sequence == 9);
  CHECK(look_up(*store, "192.0.2.8").empty());
}

TEST_CASE("contexts of one key add up, within a commit and over commits") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators.sqlite");
  REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = {write("example.com"), write("example.com")}}));
  REQUIRE(store->apply({.stream = "intake", .position = 2, .writes = {write("example.com"), write("example.com", 2)}}));
  auto const hits = look_up(*store, "example.com");
  REQUIRE(hits.size() == 2);
  CHECK(hits[0].context.count == 3);
  CHECK(hits[0].context.sequence == 2);
  CHECK(hits[1].context.count == 1);
  auto const stats = store->stats();
  REQUIRE(stats);
  CHECK(stats->indicators == 1);
  CHECK(stats->contexts == 2);
  CHECK(stats->bytes > 0);
}

TEST_CASE("a replayed commit is skipped, each stream by its own cursor") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators.sqlite");
  for (auto const position : {5U, 5U, 4U})
    REQUIRE(store->apply({.stream = "intake", .position = position, .writes = {write("example.com")}}));
  REQUIRE(store->apply({.stream = "catalogue", .position = 2, .writes = {write("example.com")}}));
  CHECK(look_up(*store, "example.com").front().context.count == 2);
  CHECK(*store->cursor("intake") == 5);
  CHECK(*store->cursor("catalogue") == 2);
  CHECK(*store->cursor("other") == 0);
}

TEST_CASE("withdrawing a report takes exactly its contexts, and indicators that nothing else speaks of") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators.sqlite");
  REQUIRE(store->apply({.stream = "catalogue",
                        .position = 1,
                        .writes = {write("a.example", 1, 7), write("b.example", 1, 7), write("b.example", 1, 8),
                                   write("b.example", 2, 7), write("b.example", 1)}}));
  REQUIRE(
      store->apply({.stream = "catalogue", .position = 2, .withdrawals = {{model::SourceId{1}, model::ReportId{7}}}}));
  CHECK(look_up(*store, "a.example").empty());
  CHECK(look_up(*store, "b.example").size() == 3);
  CHECK(store->stats()->indicators == 1);
  CHECK(store->stats()->contexts == 3);
}

TEST_CASE("raising a source's generation hides what it said before, and what it says next starts anew") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators.sqlite");
  REQUIRE(store->apply(
      {.stream = "intake", .position = 1, .writes = {write("a.example"), write("b.example"), write("b.example", 2)}}));
  REQUIRE(store->apply(
      {.stream = "intake", .position = 2, .writes = {write("b.example")}, .raised = {model::SourceId{1}}}));
  CHECK(look_up(*store, "a.example").empty());
  auto const hits = look_up(*store, "b.example");
  REQUIRE(hits.size() == 2);
  CHECK(hits[0].context.count == 1);
}

TEST_CASE("a context is gone at its expiry, and shown only to those whom its marking allows") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators.sqlite");
  auto expiring = write("a.example");
  expiring.context.expiry = kNow;
  auto red = write("b.example");
  red.context.tlp = model::Tlp::red;
  REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = {expiring, red}}));
  CHECK(look_up(*store, "a.example", kNow - Duration{1}).size() == 1);
  CHECK(look_up(*store, "a.example", kNow).empty());
  CHECK(look_up(*store, "b.example").empty());
  auto const asked = value("b.example");
  CHECK(store->look_up(std::span{&asked, 1}, model::node_viewer(), kNow)->front().size() == 1);
}

TEST_CASE("a read-only store answers beside the one that writes, and refuses to write") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators.sqlite");
  auto beside = know::open_indicator_store_read_only(folder / "indicators.sqlite");
  REQUIRE(beside);
  REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = {write("a.example")}}));
  CHECK(look_up(**beside, "a.example").size() == 1);
  auto const refused = (*beside)->apply({.stream = "intake", .position = 2});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(know::open_indicator_store_read_only(folder / "missing").error().code == ErrorCode::not_found);
}

}  // namespace
}  // namespace noroshi
