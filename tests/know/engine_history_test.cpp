// Random histories of the indicator store on a disk of paper, which is cut at every write, beside a plain map.
#include <cstdio>
#include <cstdlib>

#include "know/engine/engine.hpp"
#include "tests/know/indicators_random.hpp"
#include "tests/know/paper_disk.hpp"
#include "tests/know/plain_indicator_store.hpp"

namespace noroshi {
namespace {

using namespace test;
using know::engine::Engine;
using know::engine::EngineOptions;

auto const clock_at_now = ManualClock{kNow};

/// A run has three pages or more: with few bytes of memory nearly every commit is flushed, with more the log grows.
auto small(std::uint64_t memory_bytes = 20'000) -> EngineOptions {
  // Loads of a few entries are large ones here, and sort in scratch room.
  return {.memory_bytes = memory_bytes,
          .young_files = 2,
          .load_bytes = 300,
          .small_load = 5,
          .in_background = false,
          .clock = &clock_at_now};
}
auto small(RandomWorld &world) -> EngineOptions { return small(world.one_of({20'000U, 40'000U, 1'000'000U})); }

auto reopened(PaperDisk &disk) -> std::unique_ptr<Engine> {
  auto engine = Engine::open(std::make_unique<PaperFiles>(disk), small(1'000'000));
  if (!engine) FAIL(engine.error().sentence);
  return *std::move(engine);
}

struct Question {
  std::vector<model::Value> asked;
  model::Viewer viewer;
  Time now;
  static auto from(RandomWorld &world, std::size_t count) -> Question {
    auto question = Question{{}, world.viewer(), world.time()};
    for (auto i = std::size_t{0}; i < count; ++i) question.asked.push_back(world.value());
    return question;
  }
};

auto answer(model::IndicatorStore &store, Question const &question) -> Answers {
  auto answered = store.look_up(question.asked, question.viewer, question.now);
  if (!answered) FAIL(answered.error().sentence);
  return {*std::move(answered)};
}
auto answer(PlainIndicatorStore const &plain, Question const &question) -> Answers {
  auto answers = Answers{};
  for (auto const &value : question.asked) answers.of.push_back(plain.look_up(value, question.viewer, question.now));
  return answers;
}

/// The commit's writes and raised sources as a load; its stream and withdrawals do not count.
auto load(Engine &engine, model::IndicatorCommit const &what) -> Result<std::uint64_t> {
  TRY(auto const loading, engine.load());
  for (auto const &[indicator, context] : what.writes) {
    auto const seen = model::Seen{context.first_seen, context.last_seen, context.count, context.expiry};
    TRY_VOID(loading->add(indicator.type, indicator.text, loading->context(context), seen));
  }
  return loading->finish(what.raised);
}

TEST_CASE("over random histories the engine answers as a plain map would, reopened, flushed and merged at any time") {
  for (auto seed = std::uint64_t{1}; seed <= 8; ++seed) {
    CAPTURE(seed);
    auto disk = PaperDisk{};
    auto world = RandomWorld{seed};
    auto plain = PlainIndicatorStore{};
    auto const reopen = [&] { return *Engine::open(std::make_unique<PaperFiles>(disk), small(world)); };
    auto engine = reopen();
    auto past = std::vector<model::IndicatorCommit>{};
    auto most = std::size_t{0};
    for (auto step = 0; step < 300; ++step) {
      CAPTURE(step);
      auto const stream = std::string{world.one_of({"intake", "catalogue"})};
      auto const replayed = !past.empty() && world.below(5) == 0;
      auto const commit =
          replayed ? past[world.below(past.size())] : world.commit(stream, plain.cursor(stream) + 1 + world.below(3));
      past.push_back(commit);
      REQUIRE(engine->apply(commit));
      plain.apply(commit);
      if (world.below(6) == 0) {
        auto const loaded = world.commit("", 0);
        REQUIRE(load(*engine, loaded));
        plain.load(loaded);
      }
      most = std::max(most, plain.contexts());
      REQUIRE(*engine->cursor(commit.stream) == plain.cursor(commit.stream));
      if (world.below(40) == 0) REQUIRE(engine->compact({}));
      if (world.below(12) == 0) {
        engine.reset();
        engine = reopen();
      }
      auto const question = Question::from(world, 20);
      REQUIRE(answer(*engine, question) == answer(plain, question));
    }
    REQUIRE(engine->compact({}));
    for (auto const &file : *engine->files()) REQUIRE(engine->check(file.name));
    CHECK(most > 50);
  }
}

/// The seeds to try: a few, unless NOROSHI_HISTORIES=FIRST-LAST asks for others.
auto histories() -> std::pair<std::uint64_t, std::uint64_t> {
  auto const *const asked = std::getenv("NOROSHI_HISTORIES");
  if (asked == nullptr) return {1, 6};
  auto first = std::uint64_t{0}, last = std::uint64_t{0};
  REQUIRE(std::sscanf(asked, "%lu-%lu", &first, &last) == 2);
  return {first, last};
}

TEST_CASE("a crash at any write leaves what was acknowledged, and of the commit on its way all or nothing") {
  auto const [first, last] = histories();
  auto const commits = 80;  // of six writes on average: 500 operations
  auto crashes = std::uint64_t{0};
  for (auto seed = first; seed <= last; ++seed) {
    CAPTURE(seed);
    auto disk = PaperDisk{};
    auto world = RandomWorld{seed * 104'729};
    auto random = std::mt19937_64{seed};
    auto acknowledged = PlainIndicatorStore{};
    auto coming = PlainIndicatorStore{};  // with the commit that is on its way
    auto files = std::make_unique<PaperFiles>(disk);
    auto *const paper = files.get();
    auto engine = Engine::open(std::move(files), small(world));
    REQUIRE(engine);
    auto loading = false;
    paper->boundary = [&] {
      auto after = disk.crashed(random);
      auto survivor = reopened(after);
      auto questions = RandomWorld{random()};
      auto const question = Question::from(questions, 6);
      auto const said = answer(*survivor, question);
      ++crashes;
      if (loading) {
        REQUIRE((said == answer(acknowledged, question) || said == answer(coming, question)));
        return;
      }
      auto const whole = *survivor->cursor("intake") == coming.cursor("intake");
      REQUIRE(said == answer(whole ? coming : acknowledged, question));
      REQUIRE((whole || *survivor->cursor("intake") == acknowledged.cursor("intake")));
    };
    for (auto step = 0; step < commits; ++step) {
      CAPTURE(step);
      auto const commit = world.commit("intake", acknowledged.cursor("intake") + 1);
      coming.apply(commit);
      REQUIRE((*engine)->apply(commit));
      acknowledged.apply(commit);
      if (world.below(60) == 0) REQUIRE((*engine)->compact({}));
      if (world.below(15) != 0) continue;
      auto const loaded = world.commit("", 0);
      coming.load(loaded);
      loading = true;
      REQUIRE(load(**engine, loaded));
      loading = false;
      acknowledged.load(loaded);
    }
  }
  MESSAGE(crashes << " crashes");
  CHECK(crashes > 500);
}

TEST_CASE("a disk that fails now and then costs the commits that were refused, and nothing else") {
  for (auto seed = std::uint64_t{1}; seed <= 8; ++seed) {
    CAPTURE(seed);
    auto disk = PaperDisk{};
    auto world = RandomWorld{seed * 31};
    auto random = std::mt19937_64{seed};
    auto plain = PlainIndicatorStore{};
    auto refused = 0;
    for (auto round = 0; round < 6; ++round) {
      auto files = std::make_unique<PaperFiles>(disk);
      auto *const paper = files.get();
      auto engine = Engine::open(std::move(files), small(world));
      REQUIRE(engine);
      auto failing = true;
      paper->fails = [&] { return failing && random() % 8 == 0; };
      for (auto step = 0; step < 40; ++step) {
        CAPTURE(step);
        auto const commit = world.commit("intake", plain.cursor("intake") + 1 + world.below(2));
        auto const reached = *(*engine)->cursor("intake");
        auto const taken = (*engine)->apply(commit);
        REQUIRE(taken.has_value() == (*(*engine)->cursor("intake") > reached));
        if (taken) plain.apply(commit);
        refused += taken ? 0 : 1;
        auto const question = Question::from(world, 8);
        REQUIRE(answer(**engine, question) == answer(plain, question));
      }
      failing = false;
      auto const last = world.commit("intake", plain.cursor("intake") + 1);
      REQUIRE((*engine)->apply(last));  // behind it, what was refused cannot come back
      plain.apply(last);
    }
    CHECK(refused > 10);
    auto const engine = reopened(disk);
    auto const question = Question::from(world, 40);
    CHECK(answer(*engine, question) == answer(plain, question));
  }
}

}  // namespace
}  // namespace noroshi
