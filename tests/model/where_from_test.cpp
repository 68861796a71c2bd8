#include "model/where_from.hpp"

#include <random>

#include <doctest/doctest.h>

namespace noroshi::model {
namespace {

auto const kPlace = WhereFrom{
    "JP", 64496, "Example Networks", {{FlagKind::vpn, "A list", "2026-11-20"}, {FlagKind::tor, "Exits", "2026-11-21"}}};

}  // namespace

TEST_CASE("where a source comes from survives its text form, and nothing is an empty text") {
  CHECK(decode_where(encode(kPlace)) == kPlace);
  CHECK(encode(WhereFrom{}).empty());
  CHECK(decode_where("").empty());
  CHECK(decode_where(encode({"", 5, "", {}})) == WhereFrom{"", 5, "", {}});
  CHECK(kPlace.is(FlagKind::tor));
  CHECK(!kPlace.is(FlagKind::cloud));
  CHECK(kPlace.flag_bits() == (bit_of(FlagKind::vpn) | bit_of(FlagKind::tor)));
}

TEST_CASE("names of lists cannot forge another field, and are cut to a bound") {
  auto const hostile = WhereFrom{"JP", 1, "a\tb\nc\x1b[2J", {{FlagKind::vpn, "x\ttor\ty", "2026"}}};
  auto const read = decode_where(encode(hostile));
  CHECK(read.network == "a b c [2J");
  REQUIRE(read.flags.size() == 1);
  CHECK(read.flags[0].source == "x tor y");
  auto long_name = WhereFrom{"JP", 1, std::string(10'000, 'x'), {}};
  CHECK(decode_where(encode(long_name)).network.size() == kMaxWhereText);
  CHECK(encode({"", 0, std::string{"\xff\xfe"}, {}}) == "\t\t  ");
}

TEST_CASE("every flag has a word of its own that reads back") {
  for (auto i = std::size_t{0}; i < kFlagKinds; ++i) {
    auto const kind = static_cast<FlagKind>(i);
    auto const read = parse_flag_kind(to_string(kind));
    REQUIRE(read);
    CHECK(*read == kind);
  }
  CHECK(!parse_flag_kind("vnp"));
}

TEST_CASE("a table of sources survives its bytes, and damaged bytes are refused or harmless") {
  auto sources = std::vector<std::pair<IpAddress, WhereFrom>>{};
  auto random = std::mt19937_64{7};
  for (auto i = 0; i < 500; ++i)
    sources.emplace_back(IpAddress{random(), random()},
                         i % 3 == 0 ? kPlace : WhereFrom{"US", std::uint32_t(i % 7 + 1), "", {}});
  auto const table = WhereTable::of(sources);
  auto bytes = std::string{};
  table.append_to(bytes);
  auto const read = WhereTable::parse(bytes);
  REQUIRE(read);
  for (auto const &[address, where] : sources) {
    REQUIRE(read->find(address) != nullptr);
    CHECK(read->find(address)->where == where);
  }
  CHECK(read->find(IpAddress::v4(1)) == nullptr);
  CHECK(bytes.size() < 500 * 20);  // equal places are written once
  for (auto i = 0; i < 2'000; ++i) {
    auto damaged = bytes.substr(0, random() % bytes.size() + 1);
    damaged[random() % damaged.size()] = static_cast<char>(random());
    if (auto const parsed = WhereTable::parse(damaged))
      for (auto const &[address, where] : sources) (void)parsed->find(address);
  }
}

}  // namespace noroshi::model
