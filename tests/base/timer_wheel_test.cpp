#include "base/timer_wheel.hpp"

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include <doctest/doctest.h>

using namespace noroshi;
using namespace std::chrono_literals;

namespace {

auto const kStart = TimerWheel::TimePoint{} + 1h;

struct Entry final : TimerEntry {
  std::function<void()> act = [] {};
  int times = 0;
  void expired() override {
    ++times;
    act();
  }
};

}  // namespace

TEST_CASE("an entry expires once, at its deadline and never before") {
  auto wheel = TimerWheel{kStart};
  auto entry = Entry{};
  wheel.set(entry, kStart + 250ms);
  CHECK(entry.is_set());
  CHECK(wheel.advance(kStart + 249ms) == 0);
  CHECK(wheel.advance(kStart + 299ms) == 0);  // rounded up to a tick
  CHECK(wheel.advance(kStart + 300ms) == 1);
  CHECK(wheel.advance(kStart + 10min) == 0);
  CHECK(entry.times == 1);
  CHECK_FALSE(entry.is_set());
}

TEST_CASE("a deadline further than one turn of the wheel waits for its turn") {
  auto wheel = TimerWheel{kStart};
  auto entry = Entry{};
  wheel.set(entry, kStart + 10min);
  for (auto now = kStart; now < kStart + 10min; now += 100ms) REQUIRE(wheel.advance(now) == 0);
  CHECK(wheel.advance(kStart + 10min) == 1);
}

TEST_CASE("cancelled, moved and destroyed entries do not expire at their old deadline") {
  auto wheel = TimerWheel{kStart};
  auto cancelled = Entry{}, moved = Entry{};
  wheel.set(cancelled, kStart + 1s);
  wheel.set(moved, kStart + 1s);
  {
    auto destroyed = Entry{};
    wheel.set(destroyed, kStart + 1s);
    CHECK(wheel.size() == 3);
  }
  wheel.cancel(cancelled);
  wheel.cancel(cancelled);
  wheel.set(moved, kStart + 5s);
  CHECK(wheel.size() == 1);
  CHECK(wheel.advance(kStart + 2s) == 0);
  CHECK(wheel.advance(kStart + 5s) == 1);
  CHECK(cancelled.times == 0);
}

TEST_CASE("an expiring entry may set itself again, and cancel or destroy its neighbours and itself") {
  auto wheel = TimerWheel{kStart};
  auto again = Entry{}, neighbour = Entry{};
  auto itself = std::make_unique<Entry>();
  auto destroyed = std::make_unique<Entry>();
  again.act = [&] {
    wheel.set(again, kStart);  // long past: the next tick, not an endless loop
    wheel.cancel(neighbour);
    destroyed.reset();
  };
  itself->act = [&] { itself.reset(); };
  wheel.set(again, kStart + 1s);
  wheel.set(neighbour, kStart + 1s);
  wheel.set(*destroyed, kStart + 1s);
  wheel.set(*itself, kStart + 1s);
  CHECK(wheel.advance(kStart + 1s) == 2);
  CHECK(neighbour.times == 0);
  CHECK(itself == nullptr);
  CHECK(wheel.size() == 1);
  CHECK(wheel.advance(kStart + 1100ms) == 1);
  CHECK(again.times == 2);
}

TEST_CASE("entries may outlive their wheel") {
  auto entry = Entry{};
  {
    auto wheel = TimerWheel{kStart};
    wheel.set(entry, kStart + 1s);
  }
  CHECK_FALSE(entry.is_set());
}

TEST_CASE("however time moves, entries expire exactly as a sorted list of deadlines says") {
  auto random = std::mt19937{3};
  auto wheel = TimerWheel{kStart};
  auto entries = std::vector<Entry>(400);
  auto deadlines = std::map<Entry *, TimerWheel::TimePoint>{};
  auto now = kStart;
  for (auto round = 0; round < 4'000; ++round) {
    auto &entry = entries[random() % entries.size()];
    if (random() % 4 == 0) {
      wheel.cancel(entry);
      deadlines.erase(&entry);
    } else {
      auto const deadline = now + std::chrono::milliseconds{1 + random() % 120'000};
      wheel.set(entry, deadline);
      deadlines[&entry] = deadline;
    }
    now += std::chrono::milliseconds{random() % 8 == 0 ? random() % 90'000 : random() % 300};
    wheel.advance(now);
    auto const last_tick = kStart + (now - kStart) / TimerWheel::kTick * TimerWheel::kTick;
    std::erase_if(deadlines, [&](auto const &known) { return known.second <= last_tick; });
    REQUIRE(wheel.size() == deadlines.size());
    for (auto const &[known, deadline] : deadlines) REQUIRE(known->is_set());
  }
}

TEST_CASE("a wheel of a finer tick expires as soon after the deadline as its tick says") {
  auto wheel = TimerWheel{kStart, 2ms};
  auto entry = Entry{};
  wheel.advance(kStart + 5s);  // as after a long time without entries
  wheel.set(entry, kStart + 5s + 5ms);
  CHECK(wheel.advance(kStart + 5s + 4ms) == 0);
  CHECK(wheel.advance(kStart + 5s + 6ms) == 1);
}
