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

}  // namespace

auto with_clock_corrected(std::string_view frames, Duration offset, Time latest) -> std::string {
  auto corrected = std::string{};
  corrected.reserve(frames.size() + frames.size() / 8);
  auto reader = FrameReader{frames};
  auto observation = Observation{};
  while (reader.next(observation) == FrameReader::Step::frame) {
    auto const extra = with_offset(observation.extra, offset);
    observation.time = std::min(observation.time - offset, latest);
    observation.extra = extra;
    append_frame(corrected, observation);
  }
  return corrected;
}

}  // namespace noroshi::model
