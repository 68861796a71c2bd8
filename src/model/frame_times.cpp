#include "model/frame_times.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "model/batch.hpp"

namespace noroshi::model {

namespace {

/// `extra` (a JSON object, or empty) with one member more. What is no object, or would grow past what a frame takes,
/// stays as it is.
auto with_offset(std::string_view extra, Duration offset) -> std::string {
  auto const seconds = std::chrono::duration<double>(offset).count();
  auto member = fmt::format("\"clock_offset_s\":{:.3f}}}", seconds);
  if (extra.empty()) return "{" + member;
  auto const end = extra.find_last_of('}');
  if (!extra.starts_with('{') || end == std::string_view::npos || extra.size() + member.size() > kMaxTextBytes)
    return std::string{extra};
  auto const inside = extra.substr(1, end - 1);
  auto const is_empty = inside.find_first_not_of(" \t\r\n") == std::string_view::npos;
  return fmt::format("{}{}{}", extra.substr(0, end), is_empty ? "" : ",", member);
}

/// Each frame anew. `change` changes the observation and gives what its `extra` is to be.
template <class Change>
auto rewritten(std::string_view frames, Change const &change) -> std::string {
  auto made = std::string{};
  made.reserve(frames.size() + frames.size() / 8);
  auto reader = FrameReader{frames};
  auto observation = Observation{};
  while (reader.next(observation) == FrameReader::Step::frame) {
    auto const extra = change(observation);
    observation.extra = extra;
    append_frame(made, observation);
  }
  return made;
}

auto any_after(std::string_view frames, Time latest) -> bool {
  auto reader = FrameReader{frames};
  auto observation = Observation{};
  while (reader.next(observation) == FrameReader::Step::frame)
    if (observation.time > latest) return true;
  return false;
}

}  // namespace

auto with_clock_corrected(std::string_view frames, Duration offset, Time latest) -> std::string {
  return rewritten(frames, [&](Observation &observation) {
    observation.time = std::min(observation.time - offset, latest);
    return with_offset(observation.extra, offset);
  });
}

auto with_none_after(std::string frames, Time latest) -> std::string {
  if (!any_after(frames, latest)) return frames;
  return rewritten(frames, [&](Observation &observation) {
    if (observation.time <= latest) return std::string{observation.extra};
    auto const offset = observation.time - latest;
    observation.time = latest;
    return with_offset(observation.extra, offset);
  });
}

}  // namespace noroshi::model
