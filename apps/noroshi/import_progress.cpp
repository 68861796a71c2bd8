#include "apps/noroshi/import_progress.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>

#include <fmt/format.h>

#include "apps/noroshi/output.hpp"
#include "base/text.hpp"

namespace noroshi::apps {

namespace {

constexpr auto kSilence = std::chrono::seconds{1};
constexpr auto kInterval = std::chrono::milliseconds{250};

auto seconds_since(std::chrono::steady_clock::time_point start) -> double {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

auto time_left(double seconds) -> std::string {
  auto const whole = static_cast<std::uint64_t>(seconds + 0.5);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

ImportProgress::ImportProgress(std::string unit)
    : started_(std::chrono::steady_clock::now()), unit_(std::move(unit)), is_terminal_(::isatty(STDERR_FILENO) != 0) {}

auto ImportProgress::is_due() -> bool {
  auto const now = std::chrono::steady_clock::now();
  if (!is_terminal_ || now - started_ < kSilence || now - shown_ < kInterval) return false;
  shown_ = now;
  return true;
}

void ImportProgress::print(std::string const &line) {
  fmt::print(stderr, "\r\x1b[K{}", line);
  std::fflush(stderr);
  is_shown_ = true;
}

void ImportProgress::show(std::string const &file, std::uint64_t bytes, std::uint64_t all, std::uint64_t lines) {
  if (!is_due()) return;
  auto const passed = seconds_since(started_);
  auto line = fmt::format("{}: {}", printable(file), bytes_text(bytes));
  if (all > 0) line += fmt::format(" of {} ({} %)", bytes_text(all), bytes * 100 / all);
  line += fmt::format(", {:.0f} {}/s", static_cast<double>(lines) / passed, unit_);
  if (all > bytes && bytes > 0)
    line += fmt::format(", {} left", time_left(passed * static_cast<double>(all - bytes) / static_cast<double>(bytes)));
  print(line);
}

void ImportProgress::wait_for(std::string const &reason) {
  if (is_due()) print("waiting: " + printable(reason));
}

void ImportProgress::clear() {
  if (is_shown_) fmt::print(stderr, "\r\x1b[K");
  is_shown_ = false;
}

auto bytes_text(std::uint64_t bytes) -> std::string {
  constexpr auto kUnits = std::array{"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  auto unit = std::size_t{0};
  for (; value >= 1000 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : 1, kUnits[unit]);
}

}  // namespace noroshi::apps
