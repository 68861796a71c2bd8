#include "apps/noroshi/output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "codec/csv_cell.hpp"

namespace noroshi::apps {
namespace {

// Columns are not cut below this: less of a cell tells nothing.
constexpr auto kLeastColumn = std::size_t{8};
constexpr auto kGap = std::size_t{2};

auto now_ms() -> std::int64_t {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

/// Unicode's East Asian Width W and F, in blocks (UAX #11); a few rare ones are missing and shift a column.
auto is_wide(std::uint32_t code) -> bool {
  return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
         (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
         (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
         (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1faff) ||
         (code >= 0x20000 && code <= 0x3fffd);
}

auto cut(std::string_view text, std::size_t width) -> std::string {
  if (display_width(text) <= width) return std::string{text};
  auto kept = std::string{};
  auto used = std::size_t{1};  // for the "…"
  while (!text.empty()) {
    auto const step = utf8_step(text);
    used += is_wide(step.code_point) ? 2 : 1;
    if (used > width) break;
    kept += text.substr(0, step.size);
    text.remove_prefix(step.size);
  }
  return kept + "…";
}

auto total_of(std::vector<std::size_t> const &widths) -> std::size_t {
  return std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
}

/// The cells side by side, padded; those behind the last width are left out.
auto row_of(std::vector<std::string> const &cells, std::vector<std::size_t> const &widths) -> std::string {
  auto text = std::string{};
  for (auto i = std::size_t{0}; i < widths.size() && i < cells.size(); ++i) {
    auto const cell = cut(cells[i], widths[i]);
    text += cell;
    text.append(widths[i] + kGap - display_width(cell), ' ');
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

}  // namespace

void add_format(CLI::App &app, Format &format) {
  auto const choose = [&format](std::string const &name) {
    format = name == "json" ? Format::json : name == "csv" ? Format::csv : Format::table;
  };
  app.add_option_function<std::string>("--format", choose, "table, json (one object a line) or csv; default: table")
      ->check(CLI::IsMember({"table", "json", "csv"}).description(""))
      ->type_name("FORMAT");
}

auto display_width(std::string_view text) -> std::size_t {
  auto width = std::size_t{0};
  while (!text.empty()) {
    auto const step = utf8_step(text);
    width += is_wide(step.code_point) ? 2 : 1;
    text.remove_prefix(step.size);
  }
  return width;
}

auto Table::printable_lines() const -> std::vector<std::vector<std::string>> {
  auto lines = std::vector<std::vector<std::string>>{titles_};
  for (auto const &row : rows_) {
    lines.emplace_back();
    for (auto const &cell : row) lines.back().push_back(printable(cell));
  }
  return lines;
}

auto Table::widths(std::vector<std::vector<std::string>> const &lines) const -> std::vector<std::size_t> {
  auto widths = least_widths_;
  widths.resize(titles_.size());
  for (auto const &line : lines)
    for (auto i = std::size_t{0}; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  return widths;
}

/// Takes from the widest column that may be cut until the whole fits.
void Table::shrink(std::vector<std::size_t> &widths, std::size_t width) const {
  for (auto total = total_of(widths); total > width; --total) {
    auto widest = widths.size();
    for (auto i = std::size_t{0}; i < widths.size(); ++i)
      if (widths[i] > kLeastColumn && std::ranges::find(kept_, i) == kept_.end() &&
          (widest == widths.size() || widths[i] > widths[widest]))
        widest = i;
    if (widest == widths.size()) return;
    --widths[widest];
  }
}

auto Table::text(std::size_t width) const -> std::string {
  auto const lines = printable_lines();
  auto columns = widths(lines);
  auto const notes = width > 0 && total_of(columns) > width ? note_columns_ : 0;
  columns.resize(columns.size() - notes);
  if (width > 0) shrink(columns, width);
  auto text = goes_on_ ? std::string{} : row_of(lines.front(), columns);
  for (auto line = lines.begin() + 1; line != lines.end(); ++line) {
    text += row_of(*line, columns);
    auto note = std::string{};
    for (auto i = line->size() - std::min(notes, line->size()); i < line->size(); ++i)
      if (!(*line)[i].empty()) note += (note.empty() ? "" : "  ") + (*line)[i];
    if (!note.empty()) text += wrapped(note, width, "    ");
  }
  return text;
}

auto wrapped(std::string_view text, std::size_t width, std::string_view indent) -> std::string {
  auto lines = std::string{indent};
  auto used = display_width(indent);
  auto const margin = used;
  while (!text.empty()) {
    auto const word = text.substr(0, text.find(' '));
    auto const columns = display_width(word);
    if (width > 0 && used > margin && used + 1 + columns > width) {
      lines.append("\n").append(indent);
      used = margin;
    }
    if (used > margin) {
      lines += ' ';
      ++used;
    }
    lines += word;
    used += columns;
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return lines + "\n";
}

void Table::go_on() {
  least_widths_ = widths(printable_lines());
  goes_on_ = true;
  rows_.clear();
}

auto Table::csv() const -> std::string {
  auto text = std::string{};
  if (!goes_on_) codec::append_csv_record(text, titles_);
  for (auto const &row : rows_) codec::append_csv_record(text, row);
  return text;
}

auto terminal_width() -> std::size_t {
  if (::isatty(STDOUT_FILENO) == 0) return 0;
  auto size = winsize{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void print(Table const &table, Format format) {
  print(format == Format::csv ? table.csv() : table.text(terminal_width()));
}

Progress::Progress(std::string what)
    : what_(std::move(what)), is_terminal_(::isatty(STDERR_FILENO) != 0), started_ms_(now_ms()) {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (!std::exchange(shown_, false)) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
}

void Progress::show(std::uint64_t done) { show(std::to_string(done)); }

void Progress::show(std::string_view done) {
  if (!is_terminal_ || now_ms() - started_ms_ < 1000) return;
  fmt::print(stderr, "\r\x1b[K{} {}", what_, done);
  std::fflush(stderr);
  shown_ = true;
}

}  // namespace noroshi::apps
