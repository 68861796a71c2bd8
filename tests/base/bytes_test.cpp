#include "base/bytes.hpp"

#include <random>

#include <doctest/doctest.h>

using namespace noroshi;
using namespace std::string_view_literals;

TEST_CASE("numbers are written and read in both byte orders") {
  auto bytes = std::string{};
  append_le(bytes, std::uint32_t{0x01020304});
  append_be(bytes, std::uint16_t{0x0506});
  CHECK(bytes == "\x04\x03\x02\x01\x05\x06"sv);
  auto reader = ByteReader{bytes};
  CHECK(reader.little<std::uint32_t>() == 0x01020304);
  CHECK(reader.big<std::uint16_t>() == 0x0506);
  CHECK(reader.rest().empty());
  CHECK_FALSE(reader.failed());
}

TEST_CASE("a varint takes seven bits a byte, and any number comes back") {
  auto random = std::mt19937_64{1};
  for (auto shift = 0; shift < 64; ++shift) {
    auto const number = random() >> shift;
    auto bytes = std::string{};
    append_varint(bytes, number);
    auto reader = ByteReader{bytes};
    CHECK(reader.varint() == number);
    CHECK_FALSE(reader.failed());
    CHECK(reader.rest().empty());
  }
  auto small = std::string{};
  append_varint(small, 300);
  CHECK(small == "\xac\x02"sv);
}

TEST_CASE("reading past the end fails once and for all, without a byte out of place") {
  auto reader = ByteReader{"abc"};
  CHECK(reader.take(2) == "ab");
  CHECK(reader.little<std::uint32_t>() == 0);
  CHECK(reader.failed());
  CHECK(reader.take(1).empty());
  auto endless = ByteReader{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"sv};
  CHECK(endless.varint() == 0);
  CHECK(endless.failed());
  auto cut = ByteReader{"\x80"sv};
  CHECK(cut.varint() == 0);
  CHECK(cut.failed());
}

TEST_CASE("hexadecimal is lower case, and reads back in either case") {
  CHECK(to_hex("\x00\x7f\xff"sv) == "007fff");
  CHECK(*from_hex("00fFAb") == "\x00\xff\xab"sv);
  CHECK_FALSE(from_hex("abc").has_value());
  CHECK(from_hex("zz").error().sentence == "not a hexadecimal digit at position 0");
}

TEST_CASE("base64 agrees with the vectors of RFC 4648") {
  CHECK(to_base64("").empty());
  CHECK(to_base64("f") == "Zg==");
  CHECK(to_base64("fo") == "Zm8=");
  CHECK(to_base64("foo") == "Zm9v");
  CHECK(to_base64("foobar") == "Zm9vYmFy");
  CHECK(to_base64("\xfb\xff") == "+/8=");
}
