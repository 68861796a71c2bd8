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
#include "tests/model/value_samples.hpp"

using namespace noroshi;
using namespace noroshi::model;

namespace {

constexpr auto kRounds = 300'000;
constexpr auto kSamples = 400;  // of each type
constexpr auto kPublicValues = std::size_t{100'000};

/// True where `text` is a value; its canonical form must then be found again, by its signs and by its type.
auto is_stable_value(std::string const &text) -> bool {
  auto const value = parse_value(text);
  if (!value) return false;
  auto const written = to_text(*value);
  auto const again = parse_value(written);
  REQUIRE_MESSAGE(again, text, " became ", written, ": ", again.error().sentence);
  REQUIRE_MESSAGE(*again == *value, text, " became ", written, ", that became ", again->text);
  auto const typed = canonical(value->type, value->text);
  REQUIRE_MESSAGE(typed, text);
  REQUIRE(*typed == *value);
  return true;
}

/// Every type takes the text or refuses it, and what it makes of it (a block of one address is that address) is its own
/// canonical form, written out too.
void check_as_every_type(std::string const &text) {
  for (auto const type : value_types()) {
    auto const value = canonical(type, text);
    if (!value) continue;
    auto const again = canonical(value->type, value->text);
    REQUIRE_MESSAGE(again, to_string(type), " of ", text, " became ", value->text);
    REQUIRE_MESSAGE(*again == *value, to_string(type), " of ", text, " became ", value->text);
    auto const written = parse_value(to_text(*value));
    REQUIRE_MESSAGE(written, to_string(type), " of ", text, " is written ", to_text(*value));
    REQUIRE_MESSAGE(*written == *value, to_string(type), " of ", text, " is written ", to_text(*value));
  }
}

auto gives(Result<Value> const &result, Value const &value) -> bool { return result && *result == value; }

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
    "mutex:Global\\{8F6F0AC4}",
    "[HKEY_LOCAL_MACHINE\\Software\\Evil\\]",
    "Computer\\HKCU/a/b",
    "User-Agent: Mozilla/5.0 (X11; U)",
    "file_name:\"C:\\a b.exe\"",
    "96:I8zFaR0hNq2kPu3+Ty/v1dWxZ:I8zFaRqkPu3a,\"x\"",
    "t13d1516h2_8daaf6152771_b186095e22b6",
    "ASN 64500.1",
    "CVE-2021-44228",
    "T1059.001",
    "1Bzi1wM5SMwJgTcHcdyUntqGXoJ2rWbUdZ",
    "evil__example__com/a__b",
    "www.6rfg3od7wcmmntqrldj7yieysbvn7jcznue7lx4nvhindjdlqohwqvyd[.onion]",
});
constexpr auto kPieces = std::to_array<std::string_view>({
    "[",        "]",  "{",   "}",     "(",      ")",      "<",      ">",    "\"",     "'",     ".",      "..",   "/",
    "//",       "\\", ":",   "@",     "%",      "%2e",    "%2E",    "%41",  "%5B",    "%25",   "?",      "#",    " ",
    "\t",       "\n", "[.]", "(.)",   "[dot]",  " dot ",  " at ",   "[at]", "[:]",    "[://]", "\\.",    "http", "hxxp",
    "https://", "0x", "0",   "1",     "a",      "Z",      "_",      "-",    "xn--",   "ü",     "。",     "．",   "／",
    "：",       "［", "］",  "ａ",    "\u200b", "\u200d", "\u00ad", "\xff", "ß",      "①",     "\u0308", ".com", ".exe",
    "、",       "」", "「",  "【.】", "ドット", "__",     "[.",     ".]",   "hklm\\", "¥",     "mutex:", "ja3:", "as",
    "cve-",     "T1", "3:",  "0x",    "<.>",    "meow:",  "\u2011", "&",    "=",      ";",     "*",      "~",    "+",
    "$",        "!",  "|",   "^",     "`",      ",",
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

TEST_CASE("text of every kind is its own canonical form as every type that takes it") {
  auto random = std::mt19937_64{3};
  for (auto round = 0; round < kRounds / 20; ++round)
    check_as_every_type(mutated(std::string{kSeeds[random() % kSeeds.size()]}, random));
  auto samples = test::ValueSamples{4};
  for (auto round = 0; round < kRounds / 300; ++round)
    for (auto const type : value_types()) check_as_every_type(mutated(samples.text(type), random));
}

TEST_CASE("random values of every type are taken, and come out the same however they are written") {
  auto samples = test::ValueSamples{5};
  for (auto const type : value_types()) {
    CAPTURE(to_string(type));
    auto taken = 0;
    for (auto round = 0; round < kSamples; ++round) {
      auto const text = samples.text(type);
      auto const value = canonical(type, text);
      if (!value) continue;
      ++taken;
      INFO(text);
      REQUIRE(gives(canonical(value->type, value->text), *value));
      REQUIRE(gives(canonical(type, " \"" + text + "\" "), *value));
      REQUIRE(gives(parse_value(to_text(*value)), *value));
      REQUIRE(gives(parse_value(std::string{to_string(value->type)} + ": " + value->text), *value));
      REQUIRE(gives(parse_value(samples.any_case(std::string{to_string(type)}) + ":" + text), *value));
    }
    // Names may come to nothing but spaces and quotes, and a prefix may be longer than its address.
    CHECK(taken > kSamples * 6 / 10);
  }
}

TEST_CASE("what is folded is folded: writing it in another case changes nothing") {
  auto samples = test::ValueSamples{6};
  for (auto const type : {ValueType::domain, ValueType::md5, ValueType::sha1, ValueType::sha256, ValueType::sha512,
                          ValueType::imphash, ValueType::ja3, ValueType::hassh, ValueType::tlsh, ValueType::cve,
                          ValueType::attack, ValueType::asn, ValueType::registry_key}) {
    CAPTURE(to_string(type));
    for (auto round = 0; round < kSamples; ++round) {
      auto const value = canonical(type, samples.text(type));
      if (!value) continue;
      INFO(value->text);
      auto lowered = value->text;
      std::ranges::transform(lowered, lowered.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
      REQUIRE(gives(canonical(type, samples.any_case(lowered)), *value));
    }
  }
}

TEST_CASE("what is kept is kept: another case is another value") {
  for (auto const type : {ValueType::file_name, ValueType::mutex, ValueType::user_agent, ValueType::email})
    CHECK(*canonical(type, "Abc@example.com") != *canonical(type, "abc@example.com"));
  CHECK(*parse_value("http://example.com/A") != *parse_value("http://example.com/a"));
  CHECK(*parse_value("3:ABC:D") != *parse_value("3:abc:d"));
}

TEST_CASE("hosts, addresses, URLs and e-mail addresses come out of every style of defanging as they went in") {
  auto samples = test::ValueSamples{7};
  for (auto const type : {ValueType::domain, ValueType::url, ValueType::email, ValueType::ip, ValueType::cidr}) {
    for (auto round = 0; round < kSamples * 5; ++round) {
      auto const value = canonical(type, samples.text(type));
      if (!value || value->text.starts_with("https") || value->text.contains(":2001")) continue;
      auto const text = samples.defanged(value->text);
      CAPTURE(value->text);
      CAPTURE(text);
      auto const found = parse_value(text);
      REQUIRE_MESSAGE(found, (found ? "" : found.error().sentence));
      REQUIRE(found->text == value->text);
      REQUIRE(found->type == value->type);
    }
  }
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
