// The program's log: one line an event on stderr, `2026-11-21T09:30:00.123456Z info decoys: sentence`.
// Every line passes through printable(), so attacker text may stand in it and no caller can forget to escape.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/config.hpp"
#include "base/result.hpp"

namespace noroshi {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// Takes the level from the key log.level, and puts `role` ("serve", "decoys", …) into every line. Before this the
/// level is info and lines have no role. Call it once, before threads start; another word than the four is malformed.
auto start_log(Config const &config, std::string_view role) -> Result<void>;

[[nodiscard]] auto log_enabled(LogLevel level) -> bool;

/// Writes one line, cut after 8 KiB. Thread-safe.
void log_line(LogLevel level, std::string_view sentence);

/// log_warning("sensor {}: {}", name, error.sentence): formats only where the level is on.
template <class... Args>
void log_at(LogLevel level, fmt::format_string<Args...> sentence, Args &&...args) {
  if (log_enabled(level)) log_line(level, fmt::format(sentence, std::forward<Args>(args)...));
}
template <class... Args>
void log_debug(fmt::format_string<Args...> sentence, Args &&...args) {
  log_at(LogLevel::debug, sentence, std::forward<Args>(args)...);
}
template <class... Args>
void log_info(fmt::format_string<Args...> sentence, Args &&...args) {
  log_at(LogLevel::info, sentence, std::forward<Args>(args)...);
}
template <class... Args>
void log_warning(fmt::format_string<Args...> sentence, Args &&...args) {
  log_at(LogLevel::warning, sentence, std::forward<Args>(args)...);
}
template <class... Args>
void log_error(fmt::format_string<Args...> sentence, Args &&...args) {
  log_at(LogLevel::error, sentence, std::forward<Args>(args)...);
}

}  // namespace noroshi
