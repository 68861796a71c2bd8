#include "base/time.hpp"

#include <charconv>

namespace noroshi {

namespace {

class SystemClock final : public Clock {
public:
  [[nodiscard]] auto now() const -> Time override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  [[nodiscard]] auto steady() const -> std::chrono::steady_clock::time_point override {
    return std::chrono::steady_clock::now();
  }
};

/// Takes exactly `digits` decimal digits off the front of `text`.
auto take_number(std::string_view &text, std::size_t digits) -> int {
  if (text.size() < digits) return -1;
  auto number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (error != std::errc{} || end != text.data() + digits || number < 0) return -1;
  text.remove_prefix(digits);
  return number;
}

auto take(std::string_view &text, std::string_view any_of) -> bool {
  if (text.empty() || !any_of.contains(text.front())) return false;
  text.remove_prefix(1);
  return true;
}

auto take_date(std::string_view &text, Day &day) -> bool {
  auto const year = take_number(text, 4);
  if (year < 0 || !take(text, "-")) return false;
  auto const month = take_number(text, 2);
  if (month < 0 || !take(text, "-")) return false;
  auto const date = take_number(text, 2);
  if (date < 0) return false;
  auto const civil =
      std::chrono::year_month_day{std::chrono::year{year}, std::chrono::month(static_cast<unsigned>(month)),
                                  std::chrono::day(static_cast<unsigned>(date))};
  if (!civil.ok()) return false;
  day = Day{civil};
  return true;
}

/// Up to six digits count, the rest is dropped (a Time has no finer step).
auto take_fraction(std::string_view &text) -> Duration {
  auto micros = 0;
  auto step = 100'000;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    micros += (text.front() - '0') * step;
    step /= 10;
    text.remove_prefix(1);
  }
  return Duration{micros};
}

auto take_offset(std::string_view &text, std::chrono::minutes &offset) -> bool {
  if (take(text, "Zz") || text.empty()) return true;
  auto const west = text.front() == '-';
  if (!take(text, "+-")) return false;
  auto const hours = take_number(text, 2);
  take(text, ":");
  auto const minutes = take_number(text, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return false;
  offset = std::chrono::hours{hours} + std::chrono::minutes{minutes};
  if (west) offset = -offset;
  return true;
}

}  // namespace

auto system_clock() -> Clock const & {
  static auto const clock = SystemClock{};
  return clock;
}

auto to_string(Day day) -> std::string {
  auto const civil = std::chrono::year_month_day{day};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(civil.year()), static_cast<unsigned>(civil.month()),
                     static_cast<unsigned>(civil.day()));
}

auto to_rfc3339(Time time) -> std::string {
  auto const day = day_of(time);
  auto const date = std::chrono::year_month_day{day};
  auto const clock = std::chrono::hh_mm_ss{time - day};
  auto const year = static_cast<int>(date.year());
  if (year < 0 || year > 9999)
    return fmt::format("{}T{:02}:{:02}:{:02}.{:06}Z", to_string(day), clock.hours().count(), clock.minutes().count(),
                       clock.seconds().count(), clock.subseconds().count());
  // By hand: an answer to a thousand values has thousands of times.
  auto text = std::string{"0000-00-00T00:00:00.000000Z"};
  auto const put = [&](std::size_t last, auto number) {
    for (auto left = static_cast<std::uint64_t>(number); left > 0; left /= 10)
      text[last--] = static_cast<char>('0' + left % 10);
  };
  put(3, year);
  put(6, static_cast<unsigned>(date.month()));
  put(9, static_cast<unsigned>(date.day()));
  put(12, clock.hours().count());
  put(15, clock.minutes().count());
  put(18, clock.seconds().count());
  put(25, clock.subseconds().count());
  return text;
}

auto parse_rfc3339(std::string_view text) -> Result<Time> {
  auto rest = text;
  auto const malformed = [&] {
    return fail(ErrorCode::malformed, "\"{}\" is not an RFC 3339 time; write 2026-11-21T09:30:00Z", text.substr(0, 40));
  };
  auto day = Day{};
  if (!take_date(rest, day)) return malformed();
  if (rest.empty()) return Time{day};
  if (!take(rest, "Tt ")) return malformed();
  auto const hour = take_number(rest, 2);
  if (hour < 0 || hour > 23 || !take(rest, ":")) return malformed();
  auto const minute = take_number(rest, 2);
  if (minute < 0 || minute > 59 || !take(rest, ":")) return malformed();
  auto const second = take_number(rest, 2);
  if (second < 0 || second > 60) return malformed();  // 60: a leap second counts as the next second's start
  auto fraction = Duration{};
  if (take(rest, ".")) fraction = take_fraction(rest);
  auto offset = std::chrono::minutes{};
  if (!take_offset(rest, offset) || !rest.empty()) return malformed();
  return Time{day} + std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second} + fraction -
         offset;
}

auto parse_day(std::string_view text) -> Result<Day> {
  auto rest = text;
  auto day = Day{};
  if (!take_date(rest, day) || !rest.empty())
    return fail(ErrorCode::malformed, "\"{}\" is not a date; write 2026-11-21", text.substr(0, 40));
  return day;
}

}  // namespace noroshi
