#include "base/gate.hpp"

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace noroshi;

TEST_CASE("a gate counts who is inside, and lets nobody in once shut") {
  auto gate = Gate{};
  {
    auto const pass = gate.enter();
    CHECK(pass);
    auto second = gate.enter();
    auto const moved = std::move(second);
    CHECK(gate.inside() == 2);
    gate.shut();
    CHECK_FALSE(gate.enter());
    CHECK(gate.closed());
  }
  CHECK(gate.inside() == 0);
  gate.close();
}

TEST_CASE("closing waits until everyone has left") {
  auto gate = Gate{};
  auto finished = std::atomic<int>{0};
  auto entered = std::latch{3};
  auto workers = std::vector<std::jthread>{};
  for (auto i = 0; i < 3; ++i)
    workers.emplace_back([&] {
      auto const pass = gate.enter();
      entered.count_down();
      while (!gate.closed()) std::this_thread::yield();
      ++finished;
    });
  entered.wait();
  gate.close();
  CHECK(finished == 3);
}
