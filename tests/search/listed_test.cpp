// Lists in answers: what they say of a value stands with its hits, and the never-list takes to_ids away.
#include <doctest/doctest.h>

#include "base/file.hpp"
#include "search/fixture.hpp"
#include "search/show.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace noroshi;

namespace {

struct Listing {
  test::TemporaryFolder folder;
  test::Node node;
  std::unique_ptr<understand::Where> where;
  std::unique_ptr<understand::NeverList> never;

  Listing() {
    REQUIRE(write_file_durably(folder / "vpn.txt", "# name: VPN of the test\n# date: 2026-11-20\n8.8.4.4\n"));
    auto const config = Config::load(folder / "none.toml", false,
                                     {"where.lists=vpn=" + (folder / "vpn.txt"), "never.values=example.com"});
    REQUIRE(config);
    where = *understand::Where::create({}, *config);
    never = *understand::NeverList::create({}, *config);
    node.knowledge.where = where.get();
    node.knowledge.never = never.get();
    for (auto const *value : {"8.8.4.4", "http://8.8.4.4/x", "www.example.com", "example.org"}) {
      auto context = node.context("a source", model::Evidence::observed);
      context.to_ids = true;
      node.indicators.add(*model::parse_value(value), context);
    }
  }
};

}  // namespace

TEST_CASE("an address and a URL on a VPN are hits of a shared address") {
  auto listing = Listing{};
  for (auto const *value : {"8.8.4.4", "http://8.8.4.4/x"}) {
    auto const answer = listing.node.ask(value);
    REQUIRE(answer.hits.size() == 1);
    CHECK(answer.hits[0].assessment.shared == std::vector<std::string>{"vpn"});
    CHECK(answer.hits[0].assessment.strength == search::Strength::weak);
    CHECK(answer.hits[0].named.hit.context.to_ids);
  }
  CHECK(listing.node.ask("example.org").hits.at(0).assessment.shared.empty());
}

TEST_CASE("a hit on the never-list is fit for no block, whoever gave it") {
  auto listing = Listing{};
  auto const kept = listing.node.ask("www.example.com").hits.at(0);
  CHECK(!kept.named.hit.context.to_ids);
  CHECK(kept.assessment.reason.code == "never_listed");
  CHECK(listing.node.ask("example.org").hits.at(0).named.hit.context.to_ids);
}

TEST_CASE("show ip has country, AS, network and each flag with source and date, as of the last visit") {
  auto listing = Listing{};
  auto const address = *model::IpAddress::parse("8.8.4.4");
  auto profile = model::Profile{};
  profile.address = address;
  profile.where = {"JP", 64496, "Example KK", {{model::FlagKind::tor, "Exits", "2026-11-01"}}};
  listing.node.observations.profiles[address] = profile;
  auto const shown = search::show_ip("8.8.4.4", test::viewer(model::UserRole::analyst), "en", listing.node.knowledge);
  REQUIRE(shown);
  CHECK(shown->contains(R"("country":"JP","asn":64496,"network":"Example KK")"));
  CHECK(shown->contains(R"("flags":[{"flag":"tor","source":"Exits","date":"2026-11-01"}])"));
  listing.node.observations.profiles.clear();
  auto const unseen = search::show_ip("8.8.4.4", test::viewer(model::UserRole::analyst), "en", listing.node.knowledge);
  REQUIRE(unseen);
  CHECK(unseen->contains(R"("country":null,"asn":null,"network":null)"));
  CHECK(unseen->contains(R"({"flag":"vpn","source":"VPN of the test","date":"2026-11-20"})"));
}
