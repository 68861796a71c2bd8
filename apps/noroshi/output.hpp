// What commands print: tables for people, one JSON object a line or CSV for programs. Attacker text passes through
// here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace noroshi::apps {

enum class Format : std::uint8_t { table, json, csv };

/// --format table|json|csv
void add_format(CLI::App &app, Format &format);

/// Rows under titles. Cells may hold any bytes.
class Table {
public:
  explicit Table(std::vector<std::string> titles) : titles_(std::move(titles)) {}
  /// These columns are never cut: ids and times that somebody copies.
  auto keep(std::vector<std::size_t> columns) -> Table & {
    kept_ = std::move(columns);
    return *this;
  }
  /// The last columns become a line of their own below each row where the terminal is too narrow.
  auto note_last(std::size_t columns = 1) -> Table & {
    note_columns_ = columns;
    return *this;
  }
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] auto empty() const -> bool { return rows_.empty(); }
  [[nodiscard]] auto rows() const -> std::size_t { return rows_.size(); }
  /// Forgets the rows, which have been printed: what comes next goes on below them, without titles, in columns at least
  /// as wide.
  void go_on();

  /// Aligned columns. Wider than `width` (terminal columns; 0: no limit): the widest cells are cut with "…".
  [[nodiscard]] auto text(std::size_t width) const -> std::string;
  /// RFC 4180 with a title line. Hostile characters become visible as in a table, and cells that a spreadsheet would
  /// take for a formula (= + - @) get an apostrophe in front.
  [[nodiscard]] auto csv() const -> std::string;

private:
  [[nodiscard]] auto printable_lines() const -> std::vector<std::vector<std::string>>;
  [[nodiscard]] auto widths(std::vector<std::vector<std::string>> const &lines) const -> std::vector<std::size_t>;
  void shrink(std::vector<std::size_t> &widths, std::size_t width) const;

  std::vector<std::string> titles_;
  std::vector<std::size_t> kept_;
  std::size_t note_columns_ = 0;
  bool goes_on_ = false;
  std::vector<std::size_t> least_widths_;  // of rows that were printed
  std::vector<std::vector<std::string>> rows_;
};

/// Columns of the terminal behind stdout; 0 where stdout is none.
auto terminal_width() -> std::size_t;

/// Columns that UTF-8 text takes on a terminal; East Asian wide characters take two.
auto display_width(std::string_view text) -> std::size_t;

/// The text in lines of at most `width` columns (0: one line), broken at spaces, each begun with `indent`. A word that
/// is wider stands whole.
auto wrapped(std::string_view text, std::size_t width, std::string_view indent) -> std::string;

/// To stdout, the table or CSV of it. A closed pipe ends the output quietly.
void print(Table const &table, Format format);
void print(std::string_view text);

/// A line on stderr that tells how far a long piece of work is: shown after a second, and only on a terminal.
class Progress {
public:
  explicit Progress(std::string what);
  Progress(Progress const &) = delete;
  auto operator=(Progress const &) -> Progress & = delete;
  ~Progress();
  void show(std::uint64_t done);
  void show(std::string_view done);
  /// Takes the line away, before something is printed where it stands.
  void clear();

private:
  std::string what_;
  bool is_terminal_;
  bool shown_ = false;
  std::int64_t started_ms_;
};

}  // namespace noroshi::apps
