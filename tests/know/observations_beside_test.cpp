#include <atomic>
#include <thread>

#include "tests/know/observations_support.hpp"

using namespace noroshi;
using namespace noroshi::know::testing;
using model::IpAddress;
using model::Kind;

TEST_CASE(
    "questions beside a writer that also closes, merges and drops days never fail and never lose sight of a row") {
  constexpr auto kGroups = 24;
  constexpr auto kGroupRows = std::uint64_t{100};
  auto const folder = Folder{};
  auto options = options_in(folder);
  options.fresh_rows = 350;
  options.compact_rows = 2;
  auto const store = open(options);
  auto const source = IpAddress::v4(5);
  auto done = std::atomic<bool>{false};
  auto wrong = std::atomic<int>{0}, asked = std::atomic<int>{0};
  auto applied = std::atomic<std::uint64_t>{0};
  auto const ask = [&] {
    auto last = std::uint64_t{0};
    while (!done) {
      auto const at_least = applied.load();
      auto const profile = store->profile(source, kReader);
      if (!profile || (*profile ? (*profile)->observations : 0) < std::max(last, at_least)) ++wrong;
      if (profile && *profile) last = (*profile)->observations;
      if (last % kGroupRows != 0) ++wrong;  // whole groups only
      auto const visits = store->visits_of(source, 10'000, kReader);
      auto rows = std::uint64_t{0};
      if (visits)
        for (auto const &visit : *visits) rows += visit.observations;
      if (!visits || rows < at_least || rows % kGroupRows != 0) ++wrong;
      auto const days = store->days(kReader);
      if (!days) ++wrong;
      ++asked;
    }
  };
  auto first = std::thread{ask};
  auto second = std::thread{ask};
  for (auto position = 1; position <= kGroups; ++position) {
    auto group = std::vector<model::Observation>{};
    for (auto i = std::uint32_t{0}; i < kGroupRows; ++i)
      group.push_back(observation(Kind::command, source, at(3, position), i));
    applied += apply(*store, group, at(3 + position / 4), static_cast<std::uint64_t>(position));
    if (position % 5 == 0) (void)value_of(store->close_days(day(3 + position / 4)));
  }
  while (asked < 20) std::this_thread::yield();
  done = true;
  first.join();
  second.join();
  CHECK(wrong == 0);
  CHECK(value_of(store->profile(source, kReader))->observations == kGroups * kGroupRows);
  // A reader that began before a drop still has its files; here only that dropping goes with no trace.
  CHECK_FALSE(value_of(store->drop_days(day(30))).empty());
  CHECK(value_of(store->days(kReader)).size() <= 2);
}
