// A disk that fails at one step or from it on: what was acknowledged is there, and what was refused does no harm.
#include "know/engine/engine.hpp"
#include "tests/know/indicators_fixture.hpp"
#include "tests/know/paper_disk.hpp"

namespace noroshi {
namespace {

using namespace test;
using know::engine::Engine;

auto const clock_at_now = ManualClock{kNow};

struct Failing {
  PaperDisk disk;
  PaperFiles *paper = nullptr;
  std::unique_ptr<Engine> engine;
  int steps = 0;  // since failing was armed

  explicit Failing(std::uint64_t memory_bytes) {
    auto files = std::make_unique<PaperFiles>(disk);
    paper = files.get();
    auto opened =
        Engine::open(std::move(files),
                     {.memory_bytes = memory_bytes, .small_load = 5, .in_background = false, .clock = &clock_at_now});
    if (!opened) FAIL(opened.error().sentence);
    engine = *std::move(opened);
  }
  /// So many steps fail, from the one with this number on.
  void fail_at(int step, int count) {
    steps = 0;
    paper->fails = [this, step, count] {
      return steps >= step && steps < step + count ? (++steps, true) : (++steps, false);
    };
  }
  void recover() {
    paper->fails = [] { return false; };
  }
};

auto open_again(PaperDisk &disk) -> std::unique_ptr<Engine> {
  auto opened = Engine::open(std::make_unique<PaperFiles>(disk), {.in_background = false, .clock = &clock_at_now});
  if (!opened) FAIL(opened.error().sentence);
  return *std::move(opened);
}

auto load_in_place_of_all(Engine &engine) -> Result<std::uint64_t> {
  TRY(auto const loading, engine.load());
  auto const context = loading->context(write("a.example", 7).context);
  for (auto i = 0; i < 10; ++i)
    TRY_VOID(loading->add(model::ValueType::domain, fmt::format("h{}.example", i), context, {kNow, kNow, 1, {}}));
  auto const replaced = std::vector{model::SourceId{7}};
  return loading->finish(replaced);
}

TEST_CASE("a load whose disk fails at any step is there whole or not at all, and the store opens and goes on") {
  for (auto const failing : {1, 2, 3, 1'000}) {
    auto refused = 0;
    for (auto step = 0;; ++step) {
      CAPTURE(failing);
      CAPTURE(step);
      auto on = Failing{std::uint64_t{1} << 20};
      REQUIRE(on.engine->apply({.stream = "intake", .position = 1, .writes = {write("old.example", 7)}}));
      on.fail_at(step, failing);
      auto const loaded = load_in_place_of_all(*on.engine);
      auto const failed = on.steps > step;
      on.recover();
      refused += loaded ? 0 : 1;
      auto const count = loaded ? 1U : 0U;
      CHECK(look_up(*on.engine, "h9.example").size() == count);
      CHECK(look_up(*on.engine, "old.example").size() == 1 - count);
      {
        auto copy = on.disk;
        auto const ended_here = open_again(copy);
        CHECK(look_up(*ended_here, "h9.example").size() + look_up(*ended_here, "old.example").size() == 1);
      }
      // What is acknowledged after a refused load does not fall to that load's raise.
      REQUIRE(on.engine->apply({.stream = "intake", .position = 2, .writes = {write("later.example", 7)}}));
      auto random = std::mt19937_64{static_cast<unsigned>(step)};
      for (auto i = 0; i < 5; ++i) {
        auto after = on.disk.crashed(random);
        auto const again = open_again(after);
        CHECK(look_up(*again, "later.example").size() == 1);
        CHECK(look_up(*again, "h9.example").size() == count);
        CHECK(look_up(*again, "old.example").size() == 1 - count);
        for (auto const &file : *again->files()) CHECK(again->check(file.name));
      }
      if (!failed) break;
    }
    CHECK(refused > 10);
  }
}

TEST_CASE("whatever steps of flushes and merges fail, every acknowledged commit survives a crash behind it") {
  auto refused = 0;
  for (auto seed = 0U; seed < 150; ++seed) {
    CAPTURE(seed);
    auto on = Failing{2'000};  // a run has three pages or more: each commit is flushed
    auto acknowledged = std::vector<std::string>{};
    auto random = std::mt19937_64{seed};
    auto const crash = [&] {
      auto after = on.disk.crashed(random);
      auto const survivor = open_again(after);
      for (auto const &name : acknowledged) REQUIRE(look_up(*survivor, name).size() == 1);
    };
    on.paper->boundary = [&] {
      if (random() % 8 == 0) crash();
    };
    on.paper->fails = [&] { return random() % 5 == 0; };
    for (auto position = 1U; position <= 10; ++position) {
      auto const name = fmt::format("c{}.example", position);
      auto const applied = on.engine->apply({.stream = "intake", .position = position, .writes = {write(name)}});
      if (applied) acknowledged.push_back(name);
      refused += applied ? 0 : 1;
      for (auto i = 0; i < 3; ++i) crash();
    }
    for (auto const &name : acknowledged) CHECK(look_up(*on.engine, name).size() == 1);
  }
  CHECK(refused > 100);
}

}  // namespace
}  // namespace noroshi
