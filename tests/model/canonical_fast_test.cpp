// The short way to a canonical value beside the long one: where it answers at all, both say the same.
#include "model/canonical_fast.hpp"

#include <array>
#include <random>

#include <doctest/doctest.h>

using namespace noroshi;
using namespace noroshi::model;

namespace {

/// Whether the short way knew the text. It must then be right.
auto agrees(std::string const &text) -> bool {
  auto const fast = fast_type(text);
  if (!fast) return false;
  auto const slow = parse_value(text);
  REQUIRE_MESSAGE(slow, text, ": ", slow.error().sentence);
  REQUIRE_MESSAGE(slow->text == text, text, " is not canonical: ", slow->text);
  REQUIRE_MESSAGE(slow->type == *fast, text, " is no ", to_string(*fast), " but ", to_string(slow->type));
  return true;
}

constexpr auto kPlain = std::to_array<std::string_view>({
    "192.0.2.1",
    "255.255.255.255",
    "0.0.0.0",
    "example.com",
    "a-b.c_d.example.co.jp",
    "_dmarc.xn--bcher-kva.example.org",
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "http://example.com/",
    "https://a.example.net/x/y.php?id=1&b=http://192.0.2.1/",
    "http://192.0.2.1/bins/arm7",
    "https://example.ru/@user/~x;v=1,2!$*+:=//",
});
constexpr auto kPieces = std::to_array<std::string_view>(
    {".",       "..",   "/",   "//",    "/.",         "/..", "?",   "??",   "#",        "@",        ":",
     ":80",     "-",    "_",   "0",     "00",         "1",   "256", "a",    "A",        "f",        "z",
     "%41",     "[.]",  "\\",  "com",   "exe",        "zip", "www", "http", "https://", "xn--",     "'",
     "\"",      "<",    " ",   "\t",    "=",          "&",   "*",   "|",    "^",        "\xc3\xbc", "\xe3\x80\x82",
     "mailto:", "hxxp", "as1", "t1059", "cve-2024-1", "md5:"});

}  // namespace

TEST_CASE("what programs ask about most takes the short way") {
  for (auto const text : kPlain) CHECK_MESSAGE(agrees(std::string{text}), text);
}

TEST_CASE("every top-level domain of the short way is one to the long way, whatever stands in front of it") {
  for (auto first = 'a'; first <= 'z'; ++first)
    for (auto second = 'a'; second <= 'z'; ++second) {
      agrees(fmt::format("example.{}{}", first, second));
      for (auto const *const front : {"1", "readme", "t1059", "as64500", "192.0.2", "a_b"})
        agrees(fmt::format("{}.{}{}", front, first, second));
    }
  for (auto const *const name :
       {"app",    "biz", "click", "club", "com",  "dev",   "edu",   "gov",  "icu", "info", "live",    "mobi", "net",
        "online", "org", "pro",   "shop", "site", "space", "store", "tech", "top", "vip",  "website", "xyz"}) {
    CHECK(agrees(fmt::format("example.{}", name)));
    CHECK(agrees(fmt::format("invoice.pdf.{}", name)));
  }
}

TEST_CASE("on texts that were cut, joined and mixed, the short way is never wrong") {
  auto random = std::mt19937_64{20261122};
  auto const below = [&](std::size_t limit) { return static_cast<std::size_t>(random() % limit); };
  auto known = 0;
  for (auto round = 0; round < 400'000; ++round) {
    auto text = std::string{kPlain[below(kPlain.size())]};
    for (auto edits = below(4); edits > 0; --edits) {
      auto const at = below(text.size() + 1);
      switch (below(5)) {
        case 0: text.insert(at, kPieces[below(kPieces.size())]); break;
        case 1: text.erase(at, 1 + below(4)); break;
        case 2: text.insert(at, 1, static_cast<char>(32 + below(95))); break;
        case 3: text.replace(at, 1 + below(3), kPieces[below(kPieces.size())]); break;
        default: text.insert(at, std::string{kPlain[below(kPlain.size())]}); break;
      }
    }
    if (agrees(text)) ++known;
  }
  CHECK(known > 50'000);
}

TEST_CASE("the way makes no difference to what comes out") {
  for (auto const *const text : {"Example.COM", "hxxp://example.com/a", "192.0.2.1", "nothing", "", "2001:DB8::1"}) {
    auto const fast = parse_value_fast(text);
    auto const slow = parse_value(text);
    REQUIRE(fast.has_value() == slow.has_value());
    if (fast) CHECK(*fast == *slow);
  }
}
