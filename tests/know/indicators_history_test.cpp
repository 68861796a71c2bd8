// Random histories against the plain store: whatever was written, withdrawn, raised, replayed and reopened, both answer
// alike.
#include "tests/know/indicators_random.hpp"
#include "tests/know/plain_indicator_store.hpp"

namespace noroshi {
namespace {

using namespace test;

void compare(model::IndicatorStore &store, PlainIndicatorStore const &plain, RandomWorld &world) {
  auto const viewer = world.viewer();
  auto const now = world.time();
  auto asked = std::vector<model::Value>{};
  for (auto i = 0; i < 20; ++i) asked.push_back(world.value());
  auto const answered = store.look_up(asked, viewer, now);
  if (!answered) FAIL(answered.error().sentence);
  REQUIRE(answered->size() == asked.size());
  for (auto i = std::size_t{0}; i < asked.size(); ++i) {
    CAPTURE(asked[i].text);
    REQUIRE(to_text(answered->at(i)) == to_text(plain.look_up(asked[i], viewer, now)));
  }
  auto const stats = store.stats();
  REQUIRE(stats);
  REQUIRE(stats->contexts == plain.contexts());
  REQUIRE(stats->indicators == plain.indicators().size());
}

TEST_CASE("over random histories the store answers as a plain map would") {
  for (auto seed = std::uint64_t{1}; seed <= 6; ++seed) {
    CAPTURE(seed);
    auto folder = TemporaryFolder{};
    auto world = RandomWorld{seed};
    auto plain = PlainIndicatorStore{};
    auto store = open_store(folder / "indicators");
    auto past = std::vector<model::IndicatorCommit>{};
    auto most = std::size_t{0};
    for (auto step = 0; step < 100; ++step) {
      auto const stream = std::string{world.one_of({"intake", "catalogue"})};
      auto const replayed = !past.empty() && world.below(5) == 0;
      auto const commit =
          replayed ? past[world.below(past.size())] : world.commit(stream, plain.cursor(stream) + 1 + world.below(3));
      past.push_back(commit);
      REQUIRE(store->apply(commit));
      plain.apply(commit);
      most = std::max(most, plain.contexts());
      REQUIRE(*store->cursor(commit.stream) == plain.cursor(commit.stream));
      if (world.below(12) == 0) {
        store.reset();
        store = open_store(folder / "indicators");
      }
      compare(*store, plain, world);
    }
    CHECK(most > 50);
  }
}

}  // namespace
}  // namespace noroshi
