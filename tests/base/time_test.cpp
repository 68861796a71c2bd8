#include "base/time.hpp"

#include <random>

#include <doctest/doctest.h>

using namespace noroshi;
using namespace std::chrono_literals;

namespace {
auto time_of(std::string_view text) -> Time {
  auto const time = parse_rfc3339(text);
  CAPTURE(text);
  REQUIRE(time.has_value());
  return *time;
}
}  // namespace

TEST_CASE("times are written in RFC 3339, UTC, with six digits") {
  CHECK(to_rfc3339(Time{}) == "1970-01-01T00:00:00.000000Z");
  CHECK(to_rfc3339(Time{1'795'253'400'123'456us}) == "2026-11-21T09:30:00.123456Z");
  CHECK(to_rfc3339(Time{-1us}) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("times are read with any offset, fraction and separator") {
  auto const expected = time_of("2026-11-21T09:30:00Z");
  CHECK(time_of("2026-11-21T18:30:00+09:00") == expected);
  CHECK(time_of("2026-11-21 04:00:00.000-0530") == expected);
  CHECK(time_of("2026-11-21t09:30:00.1234567z") == expected + 123'456us);
  CHECK(time_of("2026-11-21") == expected - 9h - 30min);
  CHECK(time_of("2016-12-31T23:59:60Z") == time_of("2017-01-01T00:00:00Z"));
}

TEST_CASE("what is no time is refused with the text and an example") {
  for (auto const *const bad :
       {"", "yesterday", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T09:30Z",
        "2026-11-21T09:30:00+25:00", "2026-11-21T09:30:00Zx", "2026-1-1"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_rfc3339(bad).has_value());
  }
  CHECK(parse_rfc3339("noon").error().sentence == "\"noon\" is not an RFC 3339 time; write 2026-11-21T09:30:00Z");
}

TEST_CASE("any time reads back as it was written") {
  auto random = std::mt19937_64{5};
  for (auto round = 0; round < 20'000; ++round) {
    // Year 1 to 9999: what four digits hold.
    auto const time = Time{std::chrono::microseconds{
        std::uniform_int_distribution<std::int64_t>{-62'135'596'800'000'000, 253'402'300'799'999'999}(random)}};
    REQUIRE(time_of(to_rfc3339(time)) == time);
  }
}

TEST_CASE("days have their text and their place in UTC") {
  auto const day = *parse_day("2026-11-21");
  CHECK(to_string(day) == "2026-11-21");
  CHECK(day_of(time_of("2026-11-21T23:59:59.999999Z")) == day);
  CHECK(day_of(Time{-1us}) == *parse_day("1969-12-31"));
  CHECK_FALSE(parse_day("2026-11-31").has_value());
  CHECK_FALSE(parse_day("2026-11-21T00:00:00Z").has_value());
}

TEST_CASE("a manual clock moves only when told, both hands at once") {
  auto clock = ManualClock{Time{}};
  auto const before = clock.steady();
  CHECK(clock.now() == Time{});
  clock.advance(90s);
  CHECK(clock.now() == Time{90s});
  CHECK(clock.steady() - before == 90s);
}
