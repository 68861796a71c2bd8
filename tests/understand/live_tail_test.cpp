#include "understand/live_tail.hpp"

#include <doctest/doctest.h>

namespace noroshi::understand {
namespace {

auto batch(std::uint64_t position, std::uint32_t rows, std::size_t bytes = 10) -> std::shared_ptr<LogRecord const> {
  auto record = LogRecord{};
  record.position = position;
  record.rows = rows;
  record.batch.frames.assign(bytes, 'f');
  return std::make_shared<LogRecord const>(std::move(record));
}

TEST_CASE("a reader gets what is published after it came, and may go on from any place that is held") {
  auto tail = LiveTail{};
  tail.begin_after(4);
  tail.publish({batch(5, 3)});
  auto const late = tail.follow({});
  CHECK_FALSE(late->next().batch);
  tail.publish({batch(7, 2)});
  auto found = late->next();
  REQUIRE(found.batch);
  CHECK(found.batch->position == 7);
  CHECK(found.from == 0);
  CHECK_FALSE(found.missed);
  CHECK(late->next().batch->position == 7);  // until it says that it goes on
  late->go_on_from({8, 0});
  CHECK_FALSE(late->next().batch);

  auto const back = tail.follow(TailPlace{5, 2});
  found = back->next();
  CHECK(found.batch->position == 5);
  CHECK(found.from == 2);
  CHECK_FALSE(found.missed);
}

TEST_CASE("a reader learns that it missed something, and only then") {
  auto tail = LiveTail{100};
  tail.begin_after(4);
  CHECK_FALSE(tail.follow(TailPlace{5, 0})->next().missed);  // behind the last one before the restart
  CHECK(tail.follow(TailPlace{4, 1})->next().missed);        // the rest of it is not held
  auto const reader = tail.follow({});
  for (auto position = std::uint64_t{5}; position < 10; ++position) tail.publish({batch(position, 1, 40)});
  auto const found = reader->next();
  CHECK(found.missed);
  REQUIRE(found.batch);
  CHECK(found.batch->position == 8);  // two batches fit
  reader->go_on_from({9, 0});
  CHECK_FALSE(reader->next().missed);
}

TEST_CASE("a reader whose place is none of this stream yet learns so, and goes on with what comes") {
  auto tail = LiveTail{};
  tail.begin_after(4);
  tail.publish({batch(5, 3)});
  for (auto const place :
       {TailPlace{99'999'999, 0}, TailPlace{7, 0}, TailPlace{6, 1}, TailPlace{~std::uint64_t{0}, 9}}) {
    auto const reader = tail.follow(place);
    auto const first = reader->next();
    CHECK(first.missed);
    CHECK_FALSE(first.batch);
    CHECK_FALSE(reader->next().missed);
  }
  auto const reader = tail.follow(TailPlace{99, 0});
  CHECK(reader->next().missed);
  tail.publish({batch(6, 1)});
  auto const found = reader->next();
  REQUIRE(found.batch);
  CHECK(found.batch->position == 6);
  CHECK(found.from == 0);
  CHECK_FALSE(found.missed);
}

TEST_CASE("a publisher wakes those who wait, and nobody who has left") {
  auto tail = LiveTail{};
  auto woken = 0;
  {
    auto const reader = tail.follow({});
    reader->on_more([&] { ++woken; });
    tail.publish({batch(1, 1)});
    CHECK(woken == 1);
  }
  tail.publish({batch(2, 1)});
  CHECK(woken == 1);
}

TEST_CASE("places are written and read back, and nothing else is a place") {
  CHECK(*TailPlace::parse(TailPlace{12, 3}.to_string()) == TailPlace{12, 3});
  for (auto const *text : {"", "-", "1", "1-", "-1", "1-2-3", "x-1", "1 -2", "99999999999999999999999-1"}) {
    INFO(text);
    CHECK_FALSE(TailPlace::parse(text));
  }
}

}  // namespace
}  // namespace noroshi::understand
