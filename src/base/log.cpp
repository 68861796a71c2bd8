#include "base/log.hpp"

#include <array>
#include <memory>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/text.hpp"

namespace noroshi {

namespace {

ConfigKey<std::string> const level_key{"log.level", "info", "", "what goes to stderr: debug, info, warning or error"};

// A line longer than a terminal can show helps nobody, and a visitor must not fill the disk with one.
constexpr auto kMaxLine = std::size_t{8} << 10;

constexpr auto kNames = std::array<std::string_view, 4>{"debug", "info", "warning", "error"};
constexpr auto kLevels = std::array{spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};

auto to_spdlog(LogLevel level) -> spdlog::level::level_enum { return kLevels[static_cast<std::size_t>(level)]; }

auto formatter_for(std::string_view role) -> std::unique_ptr<spdlog::formatter> {
  auto const pattern = fmt::format("%Y-%m-%dT%H:%M:%S.%fZ %l {}%v", role.empty() ? "" : fmt::format("{}: ", role));
  return std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc);
}

auto logger() -> spdlog::logger & {
  // Never destroyed: destructors of other statics may still log. Reachable, so no leak.
  static auto &logger = *[] {
    auto made = std::make_unique<spdlog::logger>("noroshi", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_formatter(formatter_for(""));
    made->set_level(spdlog::level::info);
    return made.release();
  }();
  return logger;
}

}  // namespace

auto start_log(Config const &config, std::string_view role) -> Result<void> {
  auto const wanted = config.get(level_key);
  for (auto i = std::size_t{0}; i < kNames.size(); ++i) {
    if (kNames[i] != wanted) continue;
    logger().set_level(kLevels[i]);
    logger().set_formatter(formatter_for(role));
    return ok;
  }
  return fail(ErrorCode::malformed, "{} must be debug, info, warning or error, not \"{}\" (from {})", level_key.name,
              printable(wanted), config.origin(level_key));
}

auto log_enabled(LogLevel level) -> bool { return logger().should_log(to_spdlog(level)); }

void log_line(LogLevel level, std::string_view sentence) {
  auto line = printable(sentence.substr(0, kMaxLine));
  if (sentence.size() > kMaxLine) line += fmt::format("… ({} bytes more)", sentence.size() - kMaxLine);
  logger().log(to_spdlog(level), spdlog::string_view_t{line});
}

}  // namespace noroshi
