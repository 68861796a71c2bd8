// Points in time, clocks that tests can turn, and RFC 3339 text.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace noroshi {

/// UTC, microseconds since 1970-01-01. The one time type of stored and exchanged data.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

/// Where code asks for the time, so that tests can turn the hands.
class Clock {
public:
  virtual ~Clock() = default;
  /// Wall clock, UTC. May jump.
  [[nodiscard]] virtual auto now() const -> Time = 0;
  /// Never jumps; only differences mean anything. For deadlines.
  [[nodiscard]] virtual auto steady() const -> std::chrono::steady_clock::time_point = 0;
};

/// The machine's clocks. Thread-safe.
auto system_clock() -> Clock const &;

/// A clock that stands still until told. Not thread-safe.
class ManualClock final : public Clock {
public:
  explicit ManualClock(Time start) : now_(start) {}
  [[nodiscard]] auto now() const -> Time override { return now_; }
  [[nodiscard]] auto steady() const -> std::chrono::steady_clock::time_point override { return steady_; }
  void advance(Duration by) {
    now_ += by;
    steady_ += by;
  }

private:
  Time now_;
  std::chrono::steady_clock::time_point steady_{std::chrono::hours{1}};
};

/// "2026-11-21T09:30:00.123456Z" (RFC 3339, UTC, always six digits).
auto to_rfc3339(Time time) -> std::string;
/// Reads RFC 3339 with any offset, fraction or "date only" (midnight UTC). Malformed text is an error that quotes it.
auto parse_rfc3339(std::string_view text) -> Result<Time>;

/// Days since 1970-01-01 in UTC, and the day as "2026-11-21".
using Day = std::chrono::sys_days;
inline auto day_of(Time time) -> Day { return std::chrono::floor<std::chrono::days>(time); }
auto to_string(Day day) -> std::string;
auto parse_day(std::string_view text) -> Result<Day>;

}  // namespace noroshi
