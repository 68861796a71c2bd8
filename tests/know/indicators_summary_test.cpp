// What the store says of itself as a whole, against a plain count.
#include "tests/know/indicators_random.hpp"
#include "tests/know/plain_indicator_store.hpp"
#include "tests/support/plain_summary.hpp"

namespace noroshi {
namespace {

using namespace test;

auto summary(model::IndicatorStore &store, model::Viewer const &viewer = reader(), Time now = kNow)
    -> model::IndicatorSummary {
  auto made = store.summarise(viewer, now);
  if (!made) FAIL(made.error().sentence);
  return *std::move(made);
}

TEST_CASE("over random histories the summary counts what a plain map would, for every viewer and time") {
  for (auto seed = std::uint64_t{31}; seed <= 34; ++seed) {
    CAPTURE(seed);
    auto folder = TemporaryFolder{};
    auto world = RandomWorld{seed};
    auto plain = PlainIndicatorStore{};
    auto store = open_store(folder / "indicators");
    auto seen = std::size_t{0};
    for (auto step = std::uint64_t{1}; step <= 60; ++step) {
      auto const commit = world.commit("intake", step);
      REQUIRE(store->apply(commit));
      plain.apply(commit);
      if (world.below(15) == 0) {
        store.reset();
        store = open_store(folder / "indicators");
      }
      auto const viewer = world.viewer();
      auto const now = world.time();
      auto const wanted = summary_of(plain.visible(viewer, now));
      REQUIRE(summary(*store, viewer, now) == wanted);
      seen = std::max(seen, wanted.groups.size());
    }
    CHECK(seen > 10);
  }
}

TEST_CASE("a summary is of what is there now, though the one before is kept") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  CHECK(summary(*store) == model::IndicatorSummary{});
  CHECK(store->held_types()->empty());
  REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = {write("192.0.2.1"), write("a.example")}}));
  auto const first = summary(*store);
  CHECK(first.types ==
        std::vector<model::IndicatorSummary::OfType>{{model::ValueType::ip, 1}, {model::ValueType::domain, 1}});
  CHECK(summary(*store) == first);
  REQUIRE(store->apply({.stream = "intake", .position = 2, .writes = {write("192.0.2.1", 2), write("192.0.2.2")}}));
  auto const second = summary(*store);
  CHECK(second.types.front().indicators == 2);
  CHECK(second.groups.size() == 3);
  CHECK(*store->held_types() == std::vector<model::ValueType>{model::ValueType::ip, model::ValueType::domain});
}

TEST_CASE("what expires is out of the summary a minute later at most") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  auto brief = write("192.0.2.1");
  brief.context.expiry = kNow + std::chrono::hours{1};
  REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = {brief}}));
  CHECK(summary(*store).groups.size() == 1);
  CHECK(summary(*store, reader(), kNow + std::chrono::hours{1}).groups.empty());
  CHECK(summary(*store, reader(), kNow).groups.size() == 1);  // a clock that was set back
}

TEST_CASE("the days of a sensor are one context of each of its indicators") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  auto commit = model::IndicatorCommit{.stream = "intake", .position = 1};
  for (auto day = 1; day <= 3; ++day) commit.writes.push_back(write("192.0.2.1", 1, -day * 100'000));
  REQUIRE(store->apply(commit));
  auto const made = summary(*store);
  REQUIRE(made.groups.size() == 1);
  CHECK(made.groups[0].indicators == 1);
  CHECK(made.groups[0].contexts == 1);
}

TEST_CASE("a bulk load is summed up over all of its pieces") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  auto load = *store->load();
  auto const context = load->context(write("192.0.2.1").context);
  constexpr auto kMany = 20'000;
  for (auto i = 0; i < kMany; ++i)
    REQUIRE(load->add(model::ValueType::domain, fmt::format("h{}.example", i), context,
                      {kNow - std::chrono::hours{i}, kNow - std::chrono::hours{i}, 1, {}}));
  REQUIRE(load->finish({}));
  auto const made = summary(*store);
  REQUIRE(made.groups.size() == 1);
  CHECK(made.groups[0].indicators == kMany);
  CHECK(made.groups[0].first == kNow - std::chrono::hours{kMany - 1});
  CHECK(made.groups[0].last == kNow);
}

}  // namespace
}  // namespace noroshi
