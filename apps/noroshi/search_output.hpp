// The answer's lines as `noroshi search` prints them: as they come, in bounded memory.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "apps/noroshi/output.hpp"
#include "base/result.hpp"

namespace noroshi::apps {

/// What the members said, over all requests of one question.
struct SearchSummary {
  std::string member = "home", status = "answered", reason;
  boost::json::array cannot;  // each type once
  std::uint64_t milliseconds = 0, values = 0, hits = 0, known = 0;

  /// A line {"members": […]}; of two the worse status stays.
  void add(boost::json::object const &line);
  /// The request behind this one was not answered, or its answer was cut off.
  void add(Error const &failure);
  [[nodiscard]] auto json() const -> std::string;
  [[nodiscard]] auto text() const -> std::string;
};

/// Takes the bytes of answers as they come, and prints: JSON line by line, tables and CSV in blocks of rows.
class SearchOutput {
public:
  explicit SearchOutput(Format format);

  /// internal: what came is no answer of a node.
  auto take(std::string_view bytes) -> Result<void>;
  /// What is left, and the summary.
  void finish();

  [[nodiscard]] auto summary() -> SearchSummary & { return summary_; }
  [[nodiscard]] auto summary() const -> SearchSummary const & { return summary_; }
  /// Answers since the beginning.
  [[nodiscard]] auto answers() const -> std::uint64_t { return answers_; }
  [[nodiscard]] auto progress() -> Progress & { return progress_; }

private:
  auto take_lines(std::string_view bytes) -> Result<void>;
  auto take_line(std::string_view line) -> Result<void>;
  void flush();

  Format format_;
  Table table_;
  Progress progress_{"looked at:"};
  SearchSummary summary_;
  std::string begun_;  // a line of which the end has not come
  std::string lines_;  // JSON that is to be printed
  std::uint64_t answers_ = 0;
};

}  // namespace noroshi::apps
