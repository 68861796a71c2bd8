// Cells of CSV files that we write (RFC 4180), safe to open in a spreadsheet and to show on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace noroshi::codec {

/// The cell as it stands between two commas. Any bytes: what could move a cursor, hide or reorder text becomes visible
/// (printable()), a first character that a spreadsheet takes for a formula (= + - @, tab, carriage return) gets an
/// apostrophe in front (OWASP, CSV injection), and cells with commas, quotes or line ends are quoted.
auto csv_cell(std::string_view text) -> std::string;

/// One record, ended by a carriage return and a line feed.
template <class Cells>
void append_csv_record(std::string &to, Cells const &cells) {
  auto first = true;
  for (auto const &cell : cells) {
    if (!first) to.push_back(',');
    to += csv_cell(cell);
    first = false;
  }
  to += "\r\n";
}

}  // namespace noroshi::codec
