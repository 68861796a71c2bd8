#include "codec/value_list.hpp"

#include <doctest/doctest.h>

namespace noroshi::codec {
namespace {

auto parse(std::string_view text) -> ValueList {
  auto list = parse_value_list(text);
  INFO((list ? std::string{} : list.error().sentence));
  REQUIRE(list);
  return *std::move(list);
}
auto shown(ValueList const &list) -> std::string {
  auto text = std::string{};
  for (auto const &range : list.ranges)
    text += (text.empty() ? "" : " ") + range.first.to_string() + "-" + range.last.to_string();
  return text;
}

}  // namespace

TEST_CASE("plain lists hold addresses, prefixes, ranges and addresses with a port, with comments anywhere") {
  auto const list = parse(
      "# name: Proxies of the test\n# date: 2026-11-20\n# flag: proxy\n\n"
      "192.0.2.1\n192.0.2.9:3128\n198.51.100.0/25  # half\n203.0.113.4 - 203.0.113.6\n; also a comment\n"
      "2001:db8::1\n[2001:db8::9]:1080\n2001:db8:1::/48\r\n");
  CHECK(list.name == "Proxies of the test");
  CHECK(list.date == "2026-11-20");
  CHECK(list.flag == "proxy");
  CHECK(list.entries == 7);
  CHECK(list.refused == 0);
  CHECK(shown(list) ==
        "192.0.2.1-192.0.2.1 192.0.2.9-192.0.2.9 198.51.100.0-198.51.100.127 203.0.113.4-203.0.113.6 "
        "2001:db8::1-2001:db8::1 2001:db8::9-2001:db8::9 2001:db8:1::-2001:db8:1:ffff:ffff:ffff:ffff:ffff");
}
TEST_CASE("the Tor project's bulk exit list is a plain list without a word about itself") {
  auto const list = parse("192.0.2.1\n192.0.2.2\n198.51.100.7\n");
  CHECK(shown(list) == "192.0.2.1-192.0.2.2 198.51.100.7-198.51.100.7");
  CHECK(list.name.empty());
  CHECK(list.date.empty());
}

TEST_CASE("a MISP warninglist says its name, and its date where the version is one") {
  auto const list = parse(
      R"({"name": "Example VPN", "version": 20260811, "type": "cidr", "list": ["192.0.2.0/24", "2001:db8::/32"]})");
  CHECK(list.name == "Example VPN");
  CHECK(list.date == "2026-08-11");
  CHECK(list.ranges.size() == 2);
  CHECK(parse(R"({"name": "Counted", "version": 7, "list": [".example.com", "*.example.org"]})").date.empty());
  CHECK(parse(R"({"list": [".example.com", "*.example.org"]})").values.at(1).text == "example.org");
}

TEST_CASE("names and hashes are kept in canonical form, each once") {
  auto const list = parse("Example.COM.\nexample.com\nD41D8CD98F00B204E9800998ECF8427E\nhttps://example.com/a#b\n");
  REQUIRE(list.values.size() == 3);
  CHECK(list.values[0].text == "example.com");
}

TEST_CASE("what is no value is counted, the first is shown, and a page of something else is refused") {
  auto text = std::string{};
  for (auto i = 0; i < 20; ++i) text += "192.0.2." + std::to_string(i) + "\n";
  auto const list = parse(text + "not an\x1b[2J address\n");
  CHECK(list.entries == 20);
  CHECK(list.refused == 1);
  CHECK(list.first_refused == "line 21: \"not an\\x1b[2J address\"");
  for (auto const *other : {"<html><body>Not found</body></html>\n", "192.0.2.1\nhello you\n", "{\"list\": 5}", "{",
                            "{\"list\": [1]}", "{\"name\": \"no list\"}"})
    CHECK_MESSAGE(!parse_value_list(other), other);
}

TEST_CASE("a range that would hold a whole family is refused") {
  auto text = std::string{};
  for (auto i = 0; i < 100; ++i) text += "192.0.2." + std::to_string(i) + "\n";
  for (auto const *wide :
       {"0.0.0.0/0", "10.0.0.0/3", "::/0", "::/64", "::ffff:0:0/96", "2000::/3", "0.0.0.0-255.255.255.255"}) {
    auto const list = parse(text + wide + "\n");
    CHECK_MESSAGE(list.refused == 1, wide);
    CHECK(list.ranges.size() == 1);
  }
}

}  // namespace noroshi::codec
