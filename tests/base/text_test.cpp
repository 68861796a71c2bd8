#include "base/text.hpp"

#include <random>

#include <doctest/doctest.h>

using namespace noroshi;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

/// Bytes that are mostly the ones with a meaning: backslashes, escapes, cut UTF-8, NUL.
auto nasty_bytes(std::mt19937 &random) -> std::string {
  auto const pieces = std::vector<std::string>{
      "\\",       "\\",           "x",    "0",    "4",     "f",    "F",       "g",    "\0"s, "\xc3",
      "\xc3\xa9", "\xe7\x8b\xbc", "\x80", "\xff", "\\x41", "\\\\", "\x1b[2J", "狼煙", " "};
  auto bytes = std::string{};
  auto const count = random() % 24;
  for (auto i = 0U; i < count; ++i) bytes += pieces[random() % pieces.size()];
  return bytes;
}

}  // namespace

TEST_CASE("plain text and other scripts are printable as they are") {
  CHECK(printable("GET /shell?cd+/tmp;rm C:\\x") == "GET /shell?cd+/tmp;rm C:\\x");
  CHECK(printable("狼煙 é 🔥") == "狼煙 é 🔥");
  CHECK(printable("") == "");
}

TEST_CASE("terminal sequences and line breaks become visible") {
  CHECK(printable("\x1b[2Jx\r\n\t\x7f") == "\\x1b[2Jx\\x0d\\x0a\\x09\\x7f");
  CHECK(printable("a\0b"sv) == "a\\x00b");
  CHECK(printable("\xc2\x9b") == "\\u{9b}");  // the one-character CSI of C1
}

TEST_CASE("characters that hide or reorder text become visible") {
  CHECK(printable("exe\u202etxt") == "exe\\u{202e}txt");
  CHECK(printable("a\u200bb\u2066c\ufeffd\u2028e") == "a\\u{200b}b\\u{2066}c\\u{feff}d\\u{2028}e");
}

TEST_CASE("bytes that are not UTF-8 become visible") {
  CHECK(printable("\xff\xc3(") == "\\xff\\xc3(");
  CHECK(printable("\xc0\x80") == "\\xc0\\x80");               // overlong NUL
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");      // a surrogate
  CHECK(printable("\xf4\x90\x80\x80").starts_with("\\xf4"));  // past U+10FFFF
  CHECK(printable("\xe7\x8b") == "\\xe7\\x8b");               // cut short
}

TEST_CASE("whatever the bytes, printable text is UTF-8 without control characters") {
  auto random = std::mt19937{7};
  for (auto round = 0; round < 20'000; ++round) {
    auto bytes = std::string{};
    for (auto i = random() % 16; i > 0; --i) bytes.push_back(static_cast<char>(random()));
    auto const text = printable(bytes);
    REQUIRE(is_utf8(text));
    for (auto const character : text) REQUIRE((static_cast<unsigned char>(character) >= 0x20 && character != 0x7f));
  }
}

TEST_CASE("valid UTF-8 is stored as it is, and a backslash is doubled only where it would be read as an escape") {
  CHECK(lossless_utf8("狼煙 C:\\temp \\n") == "狼煙 C:\\temp \\n");
  CHECK(lossless_utf8("\\x4") == "\\x4");
  CHECK(lossless_utf8("\\x41") == "\\\\x41");
  CHECK(lossless_utf8("a\xff\0"sv) == "a\\xff\\x00");
  CHECK(lossless_utf8("\\\\") == "\\\\\\");
  CHECK(lossless_utf8("\\\xff") == "\\\\\\xff");
}

TEST_CASE("any bytes come back from lossless UTF-8") {
  auto random = std::mt19937{11};
  for (auto round = 0; round < 100'000; ++round) {
    auto const bytes = nasty_bytes(random);
    auto const text = lossless_utf8(bytes);
    CAPTURE(printable(bytes));
    REQUIRE(is_utf8(text));
    REQUIRE_FALSE(text.contains('\0'));
    REQUIRE(from_lossless_utf8(text) == bytes);
  }
}

TEST_CASE("the edit distance counts insertions, deletions, replacements and swaps") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("level", "levle") == 1);
  CHECK(edit_distance(std::string(500, 'a'), std::string(500, 'b')) == 64);
}

TEST_CASE("the nearest word is the one with the fewest edits") {
  CHECK(nearest("serch", {"sense", "search", "serve"}) == "search");
  CHECK(nearest("anything", {}).empty());
}
