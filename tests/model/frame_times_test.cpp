#include "model/frame_times.hpp"

#include <doctest/doctest.h>

#include "model/batch.hpp"

using namespace noroshi;
using namespace noroshi::model;

namespace {

constexpr auto kSeen = Time{std::chrono::seconds{1'790'000'000}};

auto corrected(std::string_view extra, Duration offset, Time latest) -> std::string {
  auto seen = Observation{};
  seen.time = kSeen;
  seen.extra = extra;
  seen.set(Field::username, "root\xff");
  auto frames = std::string{};
  append_frame(frames, seen);
  append_frame(frames, seen);
  return with_clock_corrected(frames, offset, latest);
}

}  // namespace

TEST_CASE("the offset is taken off every time and noted, and all else stays") {
  auto const frames = corrected("", std::chrono::hours{5}, Time::max());
  auto reader = FrameReader{frames};
  auto seen = Observation{};
  for (auto i = 0; i < 2; ++i) {
    REQUIRE(reader.next(seen) == FrameReader::Step::frame);
    CHECK(seen.time == kSeen - std::chrono::hours{5});
    CHECK(seen.extra == "{\"clock_offset_s\":18000.000}");
    CHECK(seen.text(Field::username) == "root\xff");
  }
  CHECK(reader.next(seen) == FrameReader::Step::end);
}

TEST_CASE("a note joins what stands in extra already, and leaves alone what is no object") {
  for (auto const &[before, after] : {std::pair{"{\"a\":1}", "{\"a\":1,\"clock_offset_s\":-60.500}"},
                                      std::pair{"{ }", "{ \"clock_offset_s\":-60.500}"}, std::pair{"[1]", "[1]"}}) {
    auto const frames = corrected(before, -std::chrono::milliseconds{60'500}, Time::max());
    auto reader = FrameReader{frames};
    auto seen = Observation{};
    REQUIRE(reader.next(seen) == FrameReader::Step::frame);
    CHECK(seen.extra == after);
    CHECK(seen.time == kSeen + std::chrono::milliseconds{60'500});
  }
}

TEST_CASE("a time in the future becomes the latest there can be, with a note of how far off it was") {
  auto seen = Observation{};
  auto frames = std::string{};
  for (auto const ahead : {-60, 0, 3600}) {
    seen.time = kSeen + std::chrono::seconds{ahead};
    append_frame(frames, seen);
  }
  auto const kept = with_none_after(frames, kSeen);
  auto reader = FrameReader{kept};
  for (auto const &[time, extra] : {std::pair{kSeen - std::chrono::seconds{60}, ""}, std::pair{kSeen, ""},
                                    std::pair{kSeen, "{\"clock_offset_s\":3600.000}"}}) {
    REQUIRE(reader.next(seen) == FrameReader::Step::frame);
    CHECK(seen.time == time);
    CHECK(seen.extra == extra);
  }
  CHECK(reader.next(seen) == FrameReader::Step::end);
  CHECK(with_none_after(frames, kSeen + std::chrono::hours{1}) == frames);
}

TEST_CASE("nothing was seen after it was received") {
  auto const frames = corrected("", -std::chrono::hours{5}, kSeen);
  auto reader = FrameReader{frames};
  auto seen = Observation{};
  REQUIRE(reader.next(seen) == FrameReader::Step::frame);
  CHECK(seen.time == kSeen);
}
