#include "model/id.hpp"

#include <set>

#include <doctest/doctest.h>

using namespace noroshi;
using namespace noroshi::model;

TEST_CASE("a UUIDv7 carries its time, version and variant where RFC 9562 puts them") {
  // The example of RFC 9562, appendix A.6: 2022-02-22T19:22:22Z.
  auto const id = Uuid::v7(Time{std::chrono::milliseconds{0x017f'22e2'79b0}}, 0xcc3, 0x18c4'dc0c'0c07'398fU << 2);
  CHECK(id.to_string() == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  CHECK(*Uuid::parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F") == id);
}

TEST_CASE("generated ids differ, sort by time and read back") {
  auto seen = std::set<Uuid>{};
  auto last_millisecond = std::uint64_t{0};
  for (auto i = 0; i < 10'000; ++i) {
    auto const id = Uuid::generate();
    REQUIRE(seen.insert(id).second);
    REQUIRE(*Uuid::parse(id.to_string()) == id);
    REQUIRE((id.high() >> 12 & 0xf) == 7);
    REQUIRE((id.low() >> 62) == 2);
    REQUIRE((id.high() >> 16) >= last_millisecond);
    last_millisecond = id.high() >> 16;
  }
}

TEST_CASE("text that is no UUID is refused") {
  for (auto const *text : {"", "017f22e2", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
                           "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
                           "017f22e2x79b0-7cc3-98c4-dc0c0c07398f", "017f22e2--9b0-7cc3-98c4-dc0c0c07398f"})
    CHECK_MESSAGE(!Uuid::parse(text), text);
  CHECK(Uuid::parse("00000000-0000-0000-0000-000000000000")->is_nil());
}
