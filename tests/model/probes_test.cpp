#include "model/probes.hpp"

#include <array>
#include <string>

#include <doctest/doctest.h>

using namespace noroshi;
using namespace noroshi::model;

namespace {

constexpr auto kV4 = std::array{8U, 24U, 32U, 24U, 33U};
constexpr auto kV6 = std::array{48U, 32U, 128U};

/// The probes of `text`, one a word: "kind:value".
auto probed(std::string_view text) -> std::vector<std::string> {
  auto const value = parse_value(text);
  REQUIRE_MESSAGE(value, text);
  auto words = std::vector<std::string>{};
  for (auto const &probe : probes(*value, PrefixLengths{kV4, kV6})) {
    // What is looked up must be canonical, else it can never be found.
    auto const again = canonical(probe.value.type, probe.value.text);
    REQUIRE(again);
    REQUIRE(*again == probe.value);
    words.push_back(std::string{to_string(probe.match)} + ":" + probe.value.text);
  }
  return words;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("an address is looked up with the blocks around it, the smallest first") {
  CHECK(probed("192.0.2.77") == Words{"exact:192.0.2.77", "range:192.0.2.0/24", "range:192.0.0.0/8"});
  CHECK(probed("2001:db8:1:2::3") == Words{"exact:2001:db8:1:2::3", "range:2001:db8:1::/48", "range:2001:db8::/32"});
  auto const none = probes(*parse_value("192.0.2.77"), PrefixLengths{});
  CHECK(none.size() == 1);
}

TEST_CASE("a block is looked up with the larger blocks around it") {
  CHECK(probed("192.0.2.0/24") == Words{"exact:192.0.2.0/24", "range:192.0.0.0/8"});
  CHECK(probed("0.0.0.0/0") == Words{"exact:0.0.0.0/0"});
}

TEST_CASE("a domain is looked up with the names above it, never with a public suffix") {
  CHECK(probed("a.b.example.co.jp") ==
        Words{"exact:a.b.example.co.jp", "parent:b.example.co.jp", "parent:example.co.jp"});
  CHECK(probed("foo.github.io") == Words{"exact:foo.github.io"});
}

TEST_CASE("a URL is looked up without its query and by the folders above it, never by its host") {
  CHECK(probed("http://example.com/a/b.php?c=1") ==
        Words{"exact:http://example.com/a/b.php?c=1", "url_no_query:http://example.com/a/b.php",
              "url_prefix:https://example.com/a/b.php", "url_prefix:http://example.com/a/",
              "url_prefix:https://example.com/a/", "url_prefix:http://example.com/",
              "url_prefix:https://example.com/"});
  CHECK(probed("https://[2001:db8::1]:8443/") ==
        Words{"exact:https://[2001:db8::1]:8443/", "url_prefix:http://[2001:db8::1]:8443/"});
  CHECK(probed("tcp://192.0.2.1:4444") == Words{"exact:tcp://192.0.2.1:4444/"});
  CHECK(probed("ldap://evil.example/a/b") ==
        Words{"exact:ldap://evil.example/a/b", "url_prefix:ldap://evil.example/a/", "url_prefix:ldap://evil.example/"});
}

TEST_CASE("a deep path costs no more look-ups than the limit") {
  auto url = std::string{"ldap://evil.example"};
  for (auto i = 0; i < 1000; ++i) url += "/x";
  auto const found = probed(url);
  CHECK(found.size() == 1 + kMaxUrlPrefixes);
  CHECK(found.back() == "url_prefix:ldap://evil.example/");
  CHECK(found[1] == "url_prefix:ldap://evil.example/x/x/x/x/x/");
}

TEST_CASE("hashes and e-mail addresses are looked up as they are") {
  CHECK(probed("da39a3ee5e6b4b0d3255bfef95601890afd80709").size() == 1);
  CHECK(probed("user@a.b.example.com").size() == 1);
}

TEST_CASE("what looks like an MD5 is looked up as everything that it may be, and what says its type only as that") {
  auto const digest = std::string{"d41d8cd98f00b204e9800998ecf8427e"};
  auto types = std::vector<ValueType>{};
  for (auto const &probe : probes(*parse_value(digest), {})) {
    CHECK(probe.match == MatchKind::exact);
    CHECK(probe.value.text == digest);
    types.push_back(probe.value.type);
  }
  CHECK(types == std::vector{ValueType::md5, ValueType::imphash, ValueType::ja3, ValueType::hassh});
  CHECK(probes(*parse_value("ja3:" + digest), {}) == std::vector{Probe{MatchKind::exact, {ValueType::ja3, digest}}});
  for (auto const type : value_types()) {
    CHECK(look_alikes(type).front() == type);
    for (auto const like : look_alikes(type)) CHECK(hashed_as(like) == hashed_as(type));
  }
}
