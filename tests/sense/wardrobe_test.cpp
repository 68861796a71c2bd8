#include "sense/wardrobe.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace noroshi;
using namespace noroshi::sense;

namespace {

auto choices(std::string const &personas, NodeSecret const &secret) -> std::map<std::uint32_t, std::string> {
  static auto const cast = Cast::create(NOROSHI_SOURCE_DIR "/packs/personas", "");
  REQUIRE_MESSAGE(cast, cast.error().sentence);
  auto const wardrobe = Wardrobe{*cast, secret, *ListenerSpec::parse("http@" + personas + ":192.0.2.0/24:80")};
  auto chosen = std::map<std::uint32_t, std::string>{};
  for (auto i = 0U; i < 256; ++i) {
    auto const &choice = wardrobe.at(model::IpAddress::v4(0xc000'0200 + i));
    REQUIRE(choice.decoy == cast->find("http", choice.persona));
    chosen[i] = choice.persona;
  }
  return chosen;
}

}  // namespace

TEST_CASE("each address keeps its persona, all personas appear, and another node chooses otherwise") {
  auto secret = NodeSecret{};
  secret.bytes[0] = 7;
  auto const chosen = choices("nginx+router", secret);
  CHECK(choices("nginx+router", secret) == chosen);
  auto count = std::map<std::string, int>{};
  for (auto const &[address, persona] : chosen) ++count[persona];
  CHECK(count["nginx"] > 80);
  CHECK(count["router"] > 80);
  CHECK(choices("nginx+router", NodeSecret{}) != chosen);
}

TEST_CASE("the order of the list does not matter, and one persona stands everywhere") {
  CHECK(choices("nginx+router", {}) == choices("router+nginx", {}));
  for (auto const &[address, persona] : choices("router", {})) CHECK(persona == "router");
}
