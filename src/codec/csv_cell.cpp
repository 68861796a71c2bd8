#include "codec/csv_cell.hpp"

#include "base/text.hpp"

namespace noroshi::codec {

auto csv_cell(std::string_view cell) -> std::string {
  auto text = printable(cell);
  if (!text.empty() && std::string_view{"=+-@\t\r"}.contains(text.front())) text.insert(0, "'");
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  auto quoted = std::string{"\""};
  for (auto const character : text) {
    if (character == '"') quoted.push_back('"');
    quoted.push_back(character);
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace noroshi::codec
