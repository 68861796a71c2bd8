// Reader: turns the lines of another honeypot's log into observations. One file a format in readers/, registered on its
// last line. Pure: a line in, observations out, no I/O.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.hpp"
#include "base/result.hpp"
#include "model/observation.hpp"
#include "understand/session_memory.hpp"

namespace noroshi::understand {

/// Longer lines are refused: the longest that honeypots write (a tunnelled packet, a posted body) stay far below.
inline constexpr auto kMaxLineBytes = std::size_t{1} << 20;

/// One line without its line end.
struct LogLine {
  std::string_view text;
  std::size_t readable = 0;  // bytes from text.data() on that may be read: parsers look ahead
  bool terminated = true;    // false: the log's last line, which the writer may not have finished
};

/// Where a line's observations go; each is taken in before take() returns.
class ObservationSink {
public:
  virtual ~ObservationSink() = default;
  virtual void take(model::Observation const &observation) = 0;
};

/// What a line was. Texts are valid until the next line.
struct LogEvent {
  std::string_view type;    // in the format's own words: "cowrie.login.failed"; for the summary
  std::string_view sensor;  // the name that the log gives its sensor
  Time time{};              // of the line, by which the ledger keeps it
};

struct Reading {
  SessionMemory &sessions;
  ObservationSink &sink;
};

/// For one thread at a time.
class LogReader {
public:
  virtual ~LogReader() = default;
  /// What it reads, for `noroshi list readers`.
  [[nodiscard]] virtual auto about() const -> std::string_view = 0;
  /// True where this line alone tells the format.
  virtual auto recognises(LogLine const &line) -> bool = 0;
  /// True: a log of this format begins with a line that names the columns; read_header() gets it first.
  [[nodiscard]] virtual auto has_header() const -> bool { return false; }
  virtual auto read_header(LogLine const &) -> Result<void> { return ok; }
  /// Notes the line's observations. An error says what is wrong with the line; what was noted before it is dropped.
  virtual auto read(LogLine const &line, Reading &to) -> Result<LogEvent> = 0;
};

/// The reader's name that most of a log's first lines speak for; for a format with a header the first line decides.
/// malformed says what the log looks like and which formats are read.
auto recognise(std::span<LogLine const> first_lines) -> Result<std::string>;

/// A visit's id from what the log says of it, the same at every import: a UUIDv8 (RFC 9562) without a time.
auto visit_of(std::string_view reader, std::string_view sensor, std::string_view session) -> model::VisitId;

}  // namespace noroshi::understand
