#include <filesystem>
#include <fstream>

#include "base/file.hpp"
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
  REQUIRE(open_store(folder / "indicators")->apply({.stream = "intake", .position = 9, .writes = {written}}));

  auto store = open_store(folder / "indicators");
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
  auto store = open_store(folder / "indicators");
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
  auto store = open_store(folder / "indicators");
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
  auto store = open_store(folder / "indicators");
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
  auto store = open_store(folder / "indicators");
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
  auto store = open_store(folder / "indicators");
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

TEST_CASE("a copy made while the store is in use opens as the store was") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = {write("a.example")}}));
  REQUIRE(store->copy_to(folder / "copy"));
  REQUIRE(store->apply({.stream = "intake", .position = 2, .writes = {write("b.example")}}));
  auto copy = open_store(folder / "copy");
  CHECK(look_up(*copy, "a.example").size() == 1);
  CHECK(look_up(*copy, "b.example").empty());
  CHECK(*copy->cursor("intake") == 1);
}

TEST_CASE("a store that is damaged, or of a newer version, is called so with its file, and stays as it is") {
  auto folder = TemporaryFolder{};
  auto const path = folder / "indicators";
  {
    auto store = open_store(path);
    REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = {write("a.example")}}));
    REQUIRE(store->copy_to(folder / "copy"));  // puts what is in memory into a run
  }
  auto const refusal = [&](std::string const &file, std::size_t at, char byte) {
    auto bytes = *read_file(file, 1 << 20);
    auto const sound = bytes;
    bytes.at(at) = bytes.at(at) == byte ? 'y' : byte;
    std::ofstream{file, std::ios::binary} << bytes;
    auto const opened = know::open_indicator_store(path);
    std::ofstream{file, std::ios::binary} << sound;
    REQUIRE_FALSE(opened);
    CAPTURE(opened.error().sentence);
    CHECK(opened.error().sentence.contains(path));
    return opened.error().code;
  };
  auto run = std::string{};
  for (auto const &entry : std::filesystem::directory_iterator{path})
    if (entry.path().filename().string().starts_with("run-")) run = entry.path();
  for (auto const at : {0U, 100U, 191U}) CHECK(refusal(path + "/key", at, '\x80') == ErrorCode::malformed);
  CHECK(refusal(path + "/manifest", 20, 'x') == ErrorCode::malformed);
  CHECK(refusal(path + "/manifest", 7, '9') == ErrorCode::conflict);
  CHECK(refusal(run, 100, 'x') == ErrorCode::malformed);
  CHECK(refusal(run, 7, '9') == ErrorCode::conflict);
  std::filesystem::rename(path + "/key", path + "/elsewhere");
  CHECK(know::open_indicator_store(path).error().code == ErrorCode::malformed);
  std::filesystem::rename(path + "/elsewhere", path + "/key");
  // Sound by itself, and yet nothing would be found with it.
  (void)open_store(folder / "other");
  std::filesystem::rename(path + "/key", path + "/elsewhere");
  std::filesystem::copy(folder / "other/key", path + "/key");
  CHECK(know::open_indicator_store(path).error().sentence.contains("the key of another store"));
  std::filesystem::rename(path + "/elsewhere", path + "/key");
  std::filesystem::rename(run, path + "/elsewhere");
  CHECK(know::open_indicator_store(path).error().sentence.contains("is missing; restore a backup"));
  std::filesystem::rename(path + "/elsewhere", run);
  CHECK(look_up(*open_store(path), "a.example").size() == 1);
}

}  // namespace
}  // namespace noroshi
