// A writing child is killed at random moments: what it was told is stored is there, and content and cursor agree.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "know/engine/engine.hpp"
#include "tests/know/indicators_random.hpp"
#include "tests/know/plain_indicator_store.hpp"

namespace noroshi {
namespace {

using namespace test;

/// The commit of a position is always the same, so that any history can be made again from its length.
auto commit_at(std::uint64_t position) -> model::IndicatorCommit {
  return RandomWorld{position * 7919}.commit("intake", position);
}

/// A store that flushes every few commits, and merges behind them.
auto open_busy(std::string const &path) -> Result<std::unique_ptr<know::engine::Engine>> {
  static auto const clock = ManualClock{kNow};
  TRY(auto files, know::engine::open_folder(path));
  return know::engine::Engine::open(std::move(files), {.memory_bytes = 40'000, .young_files = 2, .clock = &clock});
}

/// In the child: commits without end, and a byte for each that returned.
[[noreturn]] void write_for_ever(std::string const &path, int acknowledge) {
  auto store = open_busy(path);
  if (!store) ::_exit(1);
  auto const cursor = (*store)->cursor("intake");
  if (!cursor) ::_exit(2);
  for (auto position = *cursor + 1;; ++position) {
    if (!(*store)->apply(commit_at(position))) ::_exit(3);
    if (::write(acknowledge, "+", 1) != 1) ::_exit(4);
  }
}

/// Reads acknowledgements until the child has made `enough` and a moment has passed, kills it, and reads the rest.
auto kill_after(int child, int acknowledgements, std::uint64_t enough, int moment_ms) -> std::uint64_t {
  auto count = std::uint64_t{0};
  auto killed = false;
  auto buffer = std::array<char, 256>{};
  for (;;) {
    if (!killed && count >= enough) {
      // Not waited for anything: the kill shall fall at any point of a commit.
      ::poll(nullptr, 0, moment_ms);
      ::kill(child, SIGKILL);
      killed = true;
    }
    auto const size = ::read(acknowledgements, buffer.data(), buffer.size());
    if (size <= 0) break;
    count += static_cast<std::uint64_t>(size);
  }
  auto status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  return count;
}

/// A few, unless NOROSHI_KILLS says another number.
auto how_many_kills() -> int {
  auto const *const asked = std::getenv("NOROSHI_KILLS");
  return asked == nullptr ? 20 : std::atoi(asked);
}

TEST_CASE("a writer killed at random moments leaves every acknowledged commit, whole, and no half of another") {
  auto folder = TemporaryFolder{};
  auto const path = folder / "indicators";
  auto random = RandomWorld{42};
  auto plain = PlainIndicatorStore{};
  auto const kills = how_many_kills();
  for (auto round = 0; round < kills; ++round) {
    auto ends = std::array<int, 2>{};
    REQUIRE(::pipe(ends.data()) == 0);
    auto const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) write_for_ever(path, ends[1]);
    ::close(ends[1]);
    auto const acknowledged = kill_after(child, ends[0], 1 + random.below(20), static_cast<int>(random.below(8)));
    ::close(ends[0]);

    auto const before = plain.cursor("intake");
    auto const store = open_store(path);
    auto const cursor = *store->cursor("intake");
    CAPTURE(round);
    REQUIRE(cursor >= before + acknowledged);
    REQUIRE(cursor <= before + acknowledged + 1);
    for (auto position = before + 1; position <= cursor; ++position) plain.apply(commit_at(position));
    auto const everything = plain.indicators();
    auto const answered = store->look_up(everything, model::node_viewer(), kNow);
    REQUIRE(answered);
    for (auto i = std::size_t{0}; i < everything.size(); ++i)
      REQUIRE(Answers{{answered->at(i)}} == Answers{{plain.look_up(everything[i], model::node_viewer(), kNow)}});
  }
  CHECK(plain.cursor("intake") > static_cast<std::uint64_t>(kills));
}

}  // namespace
}  // namespace noroshi
