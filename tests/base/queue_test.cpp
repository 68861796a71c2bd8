#include "base/queue.hpp"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace noroshi;

TEST_CASE("items come out in the order they went in") {
  auto queue = BoundedQueue<int>{3};
  CHECK(queue.push(1));
  CHECK(queue.push(2));
  CHECK(queue.size() == 2);
  CHECK(queue.pop() == 1);
  CHECK(queue.try_pop() == 2);
  CHECK(queue.try_pop() == std::nullopt);
}

TEST_CASE("a full queue refuses at once and leaves the item with the caller") {
  auto queue = BoundedQueue<std::unique_ptr<int>>{1};
  CHECK(queue.try_push(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  CHECK_FALSE(queue.try_push(std::move(second)));
  REQUIRE(second != nullptr);  // NOLINT(bugprone-use-after-move): not moved when refused
  CHECK(*second == 2);
}

TEST_CASE("a sender waits for room") {
  auto queue = BoundedQueue<int>{1};
  REQUIRE(queue.push(1));
  auto sent = std::atomic<bool>{false};
  auto sender = std::jthread{[&] { sent = queue.push(2); }};
  CHECK(queue.pop() == 1);
  CHECK(queue.pop() == 2);
  sender.join();
  CHECK(sent);
}

TEST_CASE("waiting for an item ends at the deadline") {
  auto queue = BoundedQueue<int>{1};
  auto const deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{20};
  CHECK(queue.pop_until(deadline) == std::nullopt);
  CHECK(std::chrono::steady_clock::now() >= deadline);
  REQUIRE(queue.push(7));
  CHECK(queue.pop_until(deadline) == 7);
}

TEST_CASE("a closed queue lets nothing in, gives out the rest, and wakes everyone") {
  auto full = BoundedQueue<int>{1};
  auto empty = BoundedQueue<int>{1};
  REQUIRE(full.push(1));
  auto sender = std::jthread{[&] { CHECK_FALSE(full.push(2)); }};
  auto receiver = std::jthread{[&] { CHECK(empty.pop() == std::nullopt); }};
  full.close();
  empty.close();
  sender.join();
  receiver.join();
  CHECK_FALSE(empty.try_push(3));
  CHECK(full.closed());
  CHECK(full.pop() == 1);
  CHECK(full.pop() == std::nullopt);
}

TEST_CASE("between many senders and receivers nothing is lost or doubled") {
  constexpr auto kThreads = 4;
  constexpr auto kItems = 5'000;
  auto queue = BoundedQueue<int>{16};
  auto seen = std::vector<std::atomic<int>>(kThreads * kItems);
  auto receivers = std::vector<std::jthread>{};
  for (auto i = 0; i < kThreads; ++i)
    receivers.emplace_back([&] {
      while (auto const item = queue.pop()) ++seen[static_cast<std::size_t>(*item)];
    });
  {
    auto senders = std::vector<std::jthread>{};
    for (auto i = 0; i < kThreads; ++i)
      senders.emplace_back([&, i] {
        for (auto item = 0; item < kItems; ++item) REQUIRE(queue.push(i * kItems + item));
      });
  }
  queue.close();
  receivers.clear();
  auto wrong = 0;
  for (auto const &times : seen) wrong += times == 1 ? 0 : 1;
  CHECK(wrong == 0);
}
