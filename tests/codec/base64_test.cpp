#include "codec/base64.hpp"

#include <doctest/doctest.h>

#include "base/bytes.hpp"

TEST_CASE("base64 comes back as the bytes it was made of, with and without padding") {
  auto bytes = std::string{};
  for (auto const *text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    auto const encoded = noroshi::to_base64(text);
    REQUIRE(noroshi::codec::from_base64(encoded, bytes));
    CHECK(bytes == text);
    REQUIRE(noroshi::codec::from_base64(encoded.substr(0, encoded.find('=')), bytes));
    CHECK(bytes == text);
  }
  CHECK_FALSE(noroshi::codec::from_base64("a", bytes));
  CHECK_FALSE(noroshi::codec::from_base64("ab cd", bytes));
  CHECK_FALSE(noroshi::codec::from_base64("a=bc", bytes));
}
