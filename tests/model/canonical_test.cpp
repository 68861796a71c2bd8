// docs/reference/canonical.md, row by row.
#include <cstring>
#include <fstream>
#include <iterator>
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
  std::vector<Row> found, front, given;
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

auto read_page() -> std::string {
  auto page = std::ifstream{NOROSHI_SOURCE_DIR "/docs/reference/canonical.md"};
  return {std::istreambuf_iterator<char>{page}, {}};
}

auto read_tables() -> Tables {
  auto page = std::ifstream{NOROSHI_SOURCE_DIR "/docs/reference/canonical.md"};
  auto tables = Tables{};
  auto *rows = static_cast<std::vector<Row> *>(nullptr);
  for (auto line = std::string{}; std::getline(page, line);) {
    if (line.starts_with("## ")) rows = nullptr;
    if (line == "## Examples: the type is found") rows = &tables.found;
    if (line == "## Examples: the type stands in front") rows = &tables.front;
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

auto gives(Result<Value> const &result, Value const &value) -> bool { return result && *result == value; }

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
  CHECK(gives(canonical(value->type, value->text), *value));
  CHECK(gives(parse_value(to_text(*value)), *value));
}

}  // namespace

TEST_CASE("the examples of the reference page come out as the page says") {
  auto const tables = read_tables();
  REQUIRE(tables.found.size() >= kLeastRows);
  REQUIRE(tables.front.size() >= 30);
  REQUIRE(tables.given.size() >= 30);
  for (auto const &row : tables.found) {
    check(row, parse_value(row.input));
    if (row.canonical == "refused") continue;
    check(row, canonical(*parse_value_type(row.type), row.input));  // naming the type that is found changes nothing
    check(row, parse_value(row.canonical));
  }
  for (auto const &row : tables.front) check(row, parse_value(row.input));
  for (auto const &row : tables.given) check(row, canonical(*parse_value_type(row.type), row.input));
}

TEST_CASE("the reference page has an example and a row of its table for every type") {
  auto const tables = read_tables();
  auto const page = read_page();
  for (auto const type : value_types()) {
    auto const name = std::string{to_string(type)};
    CAPTURE(name);
    auto examples = std::size_t{0};
    for (auto const *const rows : {&tables.found, &tables.front, &tables.given})
      for (auto const &row : *rows) examples += row.type == name && row.canonical != "refused" ? 1 : 0;
    CHECK(examples >= 1);
    CHECK(page.find("`" + name + "`") < page.find("## Examples"));
  }
}

TEST_CASE("a value written out says its type only where it must") {
  CHECK(to_text({ValueType::domain, "example.com"}) == "example.com");
  CHECK(to_text({ValueType::cve, "CVE-2021-44228"}) == "CVE-2021-44228");
  CHECK(to_text({ValueType::mutex, "Global\\x"}) == "mutex:Global\\x");
  CHECK(to_text({ValueType::mutex, "md5:x"}) == "mutex:md5:x");
  CHECK(to_text({ValueType::user_agent, "Mozilla/5.0"}) == "Mozilla/5.0");
  CHECK(to_text({ValueType::ja3, "e7d705a3286e19ea42f587b344ee6865"}) == "ja3:e7d705a3286e19ea42f587b344ee6865");
  CHECK(to_text({ValueType::ssdeep, "3::"}) == "ssdeep:3::");  // an IPv6 address as well
  auto const longest = Value{ValueType::mutex, std::string(kMaxValueBytes, 'a')};
  CHECK(gives(parse_value(to_text(longest)), longest));
}

TEST_CASE("numbers of types stand on disk and do not change") {
  CHECK(static_cast<int>(ValueType::ip) == 1);
  CHECK(static_cast<int>(ValueType::sha512) == 9);
  CHECK(static_cast<int>(ValueType::xmr) == 25);
  auto number = 1;
  for (auto const type : value_types()) CHECK(static_cast<int>(type) == number++);
  CHECK(number == 26);
}

TEST_CASE("text that is made to cost time is read at once") {
  // Each of these is quadratic for whoever looks back too far; at 16 KiB all of them together take milliseconds.
  for (auto const *const piece :
       {"[", "]", "/", "\\", ".", "[.", " dot ", "__", "\"", "「", "\u3000", "@", ":", "1", "\u200b"}) {
    auto text = std::string{};
    while (text.size() + std::strlen(piece) <= kMaxValueBytes) text += piece;
    CHECK(!parse_value(text));
    for (auto const type : value_types())
      if (auto const value = canonical(type, text)) CHECK(gives(canonical(type, value->text), *value));
  }
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
