// docs/reference/canonical.md, row by row.
#include <fstream>
#include <sstream>
#include <vector>

#include <doctest/doctest.h>

#include "model/value.hpp"

using namespace noroshi;
using namespace noroshi::model;

namespace {

constexpr auto kLeastRows = std::size_t{80};  // fewer would mean that the page was not understood

struct Row {
  std::string type, input, canonical;
};
struct Tables {
  std::vector<Row> found, given;
};

void append_utf8(std::string &to, unsigned long code_point) {
  auto const push = [&](unsigned long byte) { to.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) return push(code_point);
  if (code_point < 0x800) return push(0xc0 | code_point >> 6), push(0x80 | (code_point & 0x3f));
  push(0xe0 | code_point >> 12), push(0x80 | (code_point >> 6 & 0x3f)), push(0x80 | (code_point & 0x3f));
}

/// A cell without its padding and code quotes, its \u{…} read.
auto cell(std::string text) -> std::string {
  text = text.substr(1, text.size() - 2);
  if (text.starts_with('`')) text = text.substr(1, text.size() - 2);
  auto plain = std::string{};
  for (auto at = std::size_t{0}; at < text.size(); ++at) {
    if (text.compare(at, 3, "\\u{") != 0) {
      plain += text[at];
      continue;
    }
    append_utf8(plain, std::stoul(text.substr(at + 3), nullptr, 16));
    at = text.find('}', at);
  }
  return plain;
}

auto read_tables() -> Tables {
  auto page = std::ifstream{NOROSHI_SOURCE_DIR "/docs/reference/canonical.md"};
  auto tables = Tables{};
  auto *rows = static_cast<std::vector<Row> *>(nullptr);
  for (auto line = std::string{}; std::getline(page, line);) {
    if (line.starts_with("## ")) rows = nullptr;
    if (line == "## Examples: the type is found") rows = &tables.found;
    if (line == "## Examples: the type is given") rows = &tables.given;
    if (rows == nullptr || !line.starts_with("| ") || line.starts_with("| type ")) continue;
    auto cells = std::vector<std::string>{};
    auto stream = std::istringstream{line.substr(1)};
    for (auto text = std::string{}; std::getline(stream, text, '|');) cells.push_back(cell(text));
    REQUIRE_MESSAGE(cells.size() == 3, line);
    rows->push_back({cells[0], cells[1], cells[2]});
  }
  return tables;
}

void check(Row const &row, Result<Value> const &value) {
  CAPTURE(row.input);
  if (row.canonical == "refused") {
    CHECK_MESSAGE(!value, (value ? value->text : ""));
    if (!value) CHECK(value.error().code == ErrorCode::malformed);
    return;
  }
  REQUIRE_MESSAGE(value, (value ? "" : value.error().sentence));
  CHECK(to_string(value->type) == row.type);
  CHECK(value->text == row.canonical);
}

}  // namespace

TEST_CASE("the examples of the reference page come out as the page says") {
  auto const tables = read_tables();
  REQUIRE(tables.found.size() >= kLeastRows);
  REQUIRE(tables.given.size() >= 10);
  for (auto const &row : tables.found) {
    check(row, parse_value(row.input));
    if (row.canonical == "refused") continue;
    check(row, canonical(*parse_value_type(row.type), row.input));  // naming the type that is found changes nothing
    check(row, parse_value(row.canonical));
  }
  for (auto const &row : tables.given) check(row, canonical(*parse_value_type(row.type), row.input));
}

TEST_CASE("text that is too long is refused as such, also where only its canonical form is") {
  auto const long_path = std::string(kMaxValueBytes, 'a');
  CHECK(parse_value("http://example.com/" + long_path).error().code == ErrorCode::too_large);
  auto const grows = std::string(kMaxValueBytes / 2, '"');
  CHECK(parse_value("http://example.com/" + grows).error().code == ErrorCode::too_large);
  auto const label = std::string(63, 'a');
  CHECK(parse_value(label + "." + label + "." + label + "." + std::string(57, 'b') + ".com"));
  CHECK(!parse_value(label + "." + label + "." + label + "." + std::string(58, 'b') + ".com"));
}

TEST_CASE("a refusal names the value without letting it speak to the terminal") {
  auto const refused = parse_value("\x1b[31mred");
  REQUIRE(!refused);
  CHECK(refused.error().sentence.find('\x1b') == std::string::npos);
  CHECK(refused.error().sentence.find("\\x1b") != std::string::npos);
}

TEST_CASE("a canonical URL comes apart into its parts") {
  auto const parts = split_url("https://example.com:8443/a/b?c=d");
  CHECK(parts.scheme == "https");
  CHECK(parts.host == "example.com");
  CHECK(parts.port == "8443");
  CHECK(parts.path == "/a/b");
  CHECK(parts.query == "c=d");
  auto const v6 = split_url("http://[2001:db8::1]/");
  CHECK(v6.host == "2001:db8::1");
  CHECK(v6.port.empty());
  CHECK(v6.path == "/");
  CHECK(v6.query.empty());
  CHECK(split_url("http://[2001:db8::1]:81/").port == "81");
  CHECK(split_url("http://example.com/a@b:c").host == "example.com");
}
