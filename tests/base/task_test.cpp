#include "base/task.hpp"

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "base/result.hpp"

using namespace noroshi;

namespace {

class CountingArena final : public FrameArena {
public:
  auto allocate(std::size_t size) -> void * override {
    auto *const frame = ::operator new(size);
    sizes_[frame] = size;
    ++allocated;
    return frame;
  }
  void release(void *frame, std::size_t size) override {
    CHECK(sizes_.at(frame) == size);
    sizes_.erase(frame);
    ::operator delete(frame, size);
  }
  [[nodiscard]] auto living() const -> std::size_t { return sizes_.size(); }
  int allocated = 0;

private:
  std::map<void *, std::size_t> sizes_;
};

/// Offers its arena to coroutines that take it as a parameter, like a Visit.
struct Owner {
  CountingArena arena;
  auto frame_arena() -> FrameArena & { return arena; }
};

/// Suspends until the test resumes it.
struct Pause {
  std::coroutine_handle<> *waiting;
  auto await_ready() const noexcept -> bool { return false; }
  void await_suspend(std::coroutine_handle<> handle) const noexcept { *waiting = handle; }
  void await_resume() const noexcept {}
};

// noinline: an optimiser that sees both ends of a task puts its frame on the stack and asks no arena at all.
[[gnu::noinline]] auto twice(Owner &, int number) -> Task<int> { co_return number * 2; }
[[gnu::noinline]] auto four_times(Owner &owner, int number) -> Task<int> {
  auto const half = co_await twice(owner, number);
  auto const whole = co_await twice(owner, half);
  co_return whole;
}
auto on_heap(int number) -> Task<int> { co_return number + 1; }

auto waits(std::coroutine_handle<> &waiting, std::string &trace) -> Task<> {
  trace += "a";
  co_await Pause{&waiting};
  trace += "b";
}
auto waits_twice(std::coroutine_handle<> &waiting, std::string &trace) -> Task<std::string> {
  co_await waits(waiting, trace);
  co_await waits(waiting, trace);
  co_return trace;
}

auto throws() -> Task<int> {
  throw std::runtime_error("from the depth");
  co_return 0;
}
auto passes_on() -> Task<int> {
  auto const number = co_await throws();
  co_return number;
}
auto catches() -> Task<std::string> {
  try {
    co_await passes_on();
  } catch (std::runtime_error const &error) {
    co_return error.what();
  }
  co_return "nothing came";
}

auto leaf(std::int64_t number) -> Task<std::int64_t> { co_return number; }
auto many_awaits(std::int64_t count) -> Task<std::int64_t> {
  auto sum = std::int64_t{0};
  for (auto i = std::int64_t{0}; i < count; ++i) sum += co_await leaf(i);
  co_return sum;
}
auto nested(std::int64_t depth) -> Task<std::int64_t> {
  if (depth == 0) co_return 0;
  auto const below = co_await nested(depth - 1);
  co_return below + 1;
}

auto fails(bool really) -> Task<Result<int>> {
  if (really) co_return fail(ErrorCode::timed_out, "too slow");
  co_return 7;
}
auto tries(bool really) -> Task<Result<std::string>> {
  CO_TRY(auto const number, co_await fails(really));
  CO_TRY_VOID(co_await fails(really));
  co_return std::to_string(number);
}

template <class T>
auto run(Task<T> task) -> T {
  task.start();
  REQUIRE(task.done());
  return task.take();
}

constexpr auto kDepth = std::int64_t{1'000'000};

}  // namespace

TEST_CASE("a task does nothing until it is started") {
  auto waiting = std::coroutine_handle<>{};
  auto trace = std::string{};
  auto task = waits(waiting, trace);
  CHECK(trace.empty());
  task.start();
  CHECK(trace == "a");
  CHECK_FALSE(task.done());
  waiting.resume();
  CHECK(trace == "ab");
  CHECK(task.done());
}

TEST_CASE("a suspended task resumes where it waits, and then its awaiter") {
  auto waiting = std::coroutine_handle<>{};
  auto trace = std::string{};
  auto task = waits_twice(waiting, trace);
  task.start();
  waiting.resume();
  CHECK(trace == "aba");
  waiting.resume();
  REQUIRE(task.done());
  CHECK(task.take() == "abab");
}

TEST_CASE("frames come from the arena that a parameter offers, and go back to it") {
  auto owner = Owner{};
  CHECK(run(four_times(owner, 3)) == 12);
  CHECK(owner.arena.allocated == 3);
  CHECK(owner.arena.living() == 0);
  CHECK(run(on_heap(1)) == 2);
  CHECK(owner.arena.allocated == 3);
}

TEST_CASE("a task that is dropped while it waits gives all its frames back") {
  auto waiting = std::coroutine_handle<>{};
  auto trace = std::string{};
  {
    auto task = waits_twice(waiting, trace);
    task.start();
  }
  CHECK(trace == "a");
  auto owner = Owner{};
  {
    auto const never_started = four_times(owner, 1);
  }
  CHECK(owner.arena.allocated == 1);
  CHECK(owner.arena.living() == 0);
}

TEST_CASE("a task moves, and the old one holds nothing") {
  auto first = on_heap(1);
  auto second = on_heap(10);
  second = std::move(first);
  second.start();
  CHECK(second.take() == 2);
}

TEST_CASE("an exception passes through every awaiting task") {
  CHECK(run(catches()) == "from the depth");
  auto task = passes_on();
  task.start();
  CHECK_THROWS_WITH(task.take(), "from the depth");
}

TEST_CASE("a million awaits, one after the other or each within the last, do not grow the stack") {
  CHECK(run(many_awaits(kDepth)) == kDepth * (kDepth - 1) / 2);
  CHECK(run(nested(kDepth)) == kDepth);
}

TEST_CASE("CO_TRY passes a failure up and a value on") {
  CHECK(*run(tries(false)) == "7");
  auto const failed = run(tries(true));
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == ErrorCode::timed_out);
  CHECK(failed.error().sentence == "too slow");
}
