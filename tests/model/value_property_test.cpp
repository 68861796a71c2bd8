// Whatever comes in, its canonical form is its own canonical form. On random and mutated text, and on a hundred
// thousand indicators of a public collection where it is at hand.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>

#include <doctest/doctest.h>

#include "model/value.hpp"

using namespace noroshi;
using namespace noroshi::model;

namespace {

constexpr auto kRounds = 300'000;
constexpr auto kPublicValues = std::size_t{100'000};

/// True where `text` is a value; its canonical form must then be found again, by its signs and by its type.
auto is_stable_value(std::string const &text) -> bool {
  auto const value = parse_value(text);
  if (!value) return false;
  auto const again = parse_value(value->text);
  REQUIRE_MESSAGE(again, text, " became ", value->text, ": ", again.error().sentence);
  REQUIRE_MESSAGE(*again == *value, text, " became ", value->text, ", that became ", again->text);
  auto const typed = canonical(value->type, text);
  REQUIRE_MESSAGE(typed, text);
  REQUIRE(*typed == *value);
  return true;
}

constexpr auto kSeeds = std::to_array<std::string_view>({
    "hxxps[:]//user:pw@Evil[.]example(.)com:8443/a/./b/../%7ec/[.]?q='%41'#frag",
    "http://0x7f.1/%2e%2E/a\\b",
    "2001:db8::1",
    "[2001:db8::ffff:1]:443",
    "192.0.2.77/24",
    "192[.]0[.]2[.]1:80",
    "München.example.de",
    "例え。テスト",
    "user [at] example [dot] com",
    "mailto:a.b+c@example.org",
    "d41d8cd98f00b204e9800998ecf8427e",
    "<ｈｔｔｐ：／／ｅｖｉｌ．ｃｏｍ／ａ>",
    "stratum+tcp://pool.example:3333",
    "_dmarc.r3---x.example.net.",
    "http://[::ffff:1.2.3.4]:80/?",
    "e\u200dvi\u00adl.com",
    "{{.}}[[.]](.)",
    "a(dot)b[at]c{.}d",
    "//example.com/%",
});
constexpr auto kPieces = std::to_array<std::string_view>({
    "[",        "]",  "{",   "}",   "(",      ")",      "<",      ">",    "\"",   "'",     ".",      "..",   "/",
    "//",       "\\", ":",   "@",   "%",      "%2e",    "%2E",    "%41",  "%5B",  "%25",   "?",      "#",    " ",
    "\t",       "\n", "[.]", "(.)", "[dot]",  " dot ",  " at ",   "[at]", "[:]",  "[://]", "\\.",    "http", "hxxp",
    "https://", "0x", "0",   "1",   "a",      "Z",      "_",      "-",    "xn--", "ü",     "。",     "．",   "／",
    "：",       "［", "］",  "ａ",  "\u200b", "\u200d", "\u00ad", "\xff", "ß",    "①",     "\u0308", ".com", ".exe",
    "&",        "=",  ";",   "*",   "~",      "+",      "$",      "!",    "|",    "^",     "`",      ",",
});

auto mutated(std::string text, std::mt19937_64 &random) -> std::string {
  for (auto changes = random() % 5; changes > 0; --changes) {
    auto const at = text.empty() ? 0 : random() % (text.size() + 1);
    auto const piece = kPieces[random() % kPieces.size()];
    if (random() % 2 == 0)
      text.insert(at, piece);
    else if (random() % 2 == 0)
      text.erase(std::min(at, text.size()), random() % 4);
    else
      text.replace(std::min(at, text.size()), 1, piece);
  }
  return text;
}

/// Values of the collection, taken evenly; none where the archive is not there.
auto public_values() -> std::vector<std::string> {
  auto const archive = std::filesystem::path{NOROSHI_SOURCE_DIR} / "../shared/data/maltrail.tar.xz";
  auto const command = "tar -xJOf '" + archive.string() + "' --wildcards '*.txt' 2>/dev/null";
  auto lines = std::vector<std::string>{};
  if (!std::filesystem::exists(archive)) return lines;
  auto const pipe = std::unique_ptr<std::FILE, int (*)(std::FILE *)>{::popen(command.c_str(), "r"), ::pclose};
  REQUIRE(pipe);
  auto buffer = std::array<char, 4096>{};
  for (auto number = std::size_t{0}; std::fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr; ++number) {
    auto line = std::string{buffer.data()};
    line.resize(std::min(line.find('#'), line.size()));
    // A line that begins with a slash is a path of any host: no value.
    if (number % 16 == 0 && line.size() > 4 && line.front() != '/' && lines.size() < kPublicValues)
      lines.push_back(line);
  }
  return lines;
}

}  // namespace

TEST_CASE("the canonical form of mutated values is its own canonical form") {
  auto random = std::mt19937_64{1};
  auto values = 0;
  for (auto round = 0; round < kRounds; ++round)
    values += is_stable_value(mutated(std::string{kSeeds[random() % kSeeds.size()]}, random)) ? 1 : 0;
  CHECK(values > kRounds / 5);
}

TEST_CASE("the canonical form of random pieces is its own canonical form") {
  auto random = std::mt19937_64{2};
  auto values = 0;
  for (auto round = 0; round < kRounds; ++round) {
    auto text = std::string{random() % 2 == 0 ? "" : "http://a.com"};
    for (auto pieces = random() % 12; pieces > 0; --pieces) text += kPieces[random() % kPieces.size()];
    values += is_stable_value(text) ? 1 : 0;
  }
  CHECK(values > kRounds / 20);
}

TEST_CASE("a hundred thousand public indicators have canonical forms") {
  auto const lines = public_values();
  if (lines.empty()) {
    MESSAGE("SKIPPED: ../shared/data/maltrail.tar.xz is not there; nothing was checked");
    return;
  }
  REQUIRE(lines.size() == kPublicValues);
  auto values = std::size_t{0};
  for (auto const &line : lines) values += is_stable_value(line) ? 1 : 0;
  CHECK(values > kPublicValues * 99 / 100);  // the rest are regular expressions and suffixes
}
