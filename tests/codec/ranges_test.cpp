#include "codec/range_file.hpp"

#include <random>

#include <doctest/doctest.h>

#include "codec/range_index.hpp"

namespace noroshi::codec {
namespace {

using model::IpAddress;

auto range(std::string_view prefix) -> AddressRange { return range_of(*model::IpPrefix::parse(prefix)); }
auto holds(AddressRange const &range, IpAddress address) -> bool {
  return range.first <= address && address <= range.last && range.first.is_v4() == address.is_v4();
}

/// Addresses close together, so that ranges overlap, touch and nest.
struct Chance {
  std::mt19937_64 random;
  auto below(std::uint64_t end) -> std::uint64_t { return random() % end; }
  auto address(bool v4) -> IpAddress {
    // Both ends of each family are where counting goes wrong.
    if (v4) return IpAddress::v4(static_cast<std::uint32_t>(below(2) == 0 ? below(300) : 0xffff'ffffU - below(300)));
    auto const base = below(2) == 0 ? IpAddress{0x2001'0db8'0000'0000U, ~std::uint64_t{0} - below(300)}
                                    : IpAddress{~std::uint64_t{0}, ~std::uint64_t{0} - below(300)};
    return base;
  }
  auto some_range(bool v4) -> AddressRange {
    auto a = address(v4);
    auto b = address(v4);
    if (a.high() != b.high() || (v4 && below(8) != 0)) b = a;
    return {std::min(a, b), std::max(a, b)};
  }
};

auto size_of(AddressRange const &range) -> std::uint64_t { return range.last.low() - range.first.low(); }

}  // namespace

TEST_CASE("a prefix is the range from its first to its last address") {
  CHECK(range("192.0.2.0/24").last.to_string() == "192.0.2.255");
  CHECK(range("0.0.0.0/0").last.to_string() == "255.255.255.255");
  CHECK(range("192.0.2.7/32").first == range("192.0.2.7/32").last);
  CHECK(range("2001:db8::/32").last.to_string() == "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
  CHECK(range("2001:db8::/64").last.to_string() == "2001:db8::ffff:ffff:ffff:ffff");
  CHECK(range("2001:db8::/65").last.to_string() == "2001:db8::7fff:ffff:ffff:ffff");
}

TEST_CASE("merged ranges hold the same addresses and neither touch nor overlap") {
  for (auto seed = 0U; seed < 200; ++seed) {
    auto chance = Chance{std::mt19937_64{seed}};
    auto ranges = std::vector<AddressRange>{};
    for (auto i = chance.below(20); i > 0; --i) ranges.push_back(chance.some_range(chance.below(2) == 0));
    auto const whole = merged(ranges);
    for (auto i = std::size_t{1}; i < whole.size(); ++i)
      CHECK((*next_after(whole[i - 1].last) < whole[i].first || whole[i - 1].last.is_v4() != whole[i].first.is_v4()));
    for (auto i = 0; i < 100; ++i) {
      auto const address = chance.address(i % 2 == 0);
      auto const holder = [&](AddressRange const &one) { return holds(one, address); };
      CHECK(std::ranges::any_of(ranges, holder) == std::ranges::any_of(whole, holder));
    }
  }
}

TEST_CASE("a range file answers as a search through all its ranges would, the smallest first") {
  for (auto seed = 0U; seed < 200; ++seed) {
    auto chance = Chance{std::mt19937_64{seed}};
    auto ranges = std::vector<NamedRange>{};
    for (auto i = chance.below(30); i > 0; --i) {
      auto const asn = static_cast<std::uint32_t>(1 + chance.below(9));
      ranges.push_back({chance.some_range(chance.below(2) == 0), asn, "AS " + std::to_string(asn)});
    }
    auto const bytes = write_range_file(ranges, "test", "2026-11-21");
    auto const file = RangeFile::open(bytes);
    REQUIRE(file);
    CHECK(file->source() == "test");
    CHECK(file->date() == "2026-11-21");
    for (auto i = 0; i < 200; ++i) {
      auto const address = chance.address(i % 2 == 0);
      auto const *best = static_cast<NamedRange const *>(nullptr);
      for (auto const &one : ranges)
        if (holds(one.range, address) && (best == nullptr || size_of(one.range) < size_of(best->range))) best = &one;
      auto const found = file->find(address);
      CHECK(found.asn == (best == nullptr ? 0 : best->asn));
      CHECK(found.name == (best == nullptr ? std::string{} : best->name));
    }
  }
}

TEST_CASE("no damaged range file opens, whichever byte is lost or changed") {
  auto const bytes = write_range_file(
      {{range("192.0.2.0/24"), 64496, "Example"}, {range("2001:db8::/32"), 64497, "Six"}}, "test", "2026-11-21");
  REQUIRE(RangeFile::open(bytes));
  for (auto size = std::size_t{0}; size < bytes.size(); ++size) CHECK(!RangeFile::open(std::string{bytes, 0, size}));
  for (auto at = std::size_t{0}; at < bytes.size(); ++at) {
    auto damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    CHECK(!RangeFile::open(damaged));
  }
}

TEST_CASE("the CSV of ip-location-db is read with quoted names, and a broken line is named") {
  auto const read = read_asn_csv(
      "192.0.2.0,192.0.2.255,64496,\"Example, \"\"Inc.\"\"\"\r\n"
      "2001:db8::,2001:db8::ffff,64497,Plain\n");
  REQUIRE(read);
  REQUIRE(read->size() == 2);
  CHECK((*read)[0].name == "Example, \"Inc.\"");
  CHECK((*read)[0].asn == 64496);
  CHECK((*read)[1].range.last.to_string() == "2001:db8::ffff");
  for (auto const *line : {"192.0.2.9,192.0.2.1,1,x", "192.0.2.1,2001:db8::,1,x", "192.0.2.1,192.0.2.2,x,x", "hello",
                           "192.0.2.1,192.0.2.2,1,\"x"}) {
    auto const broken = read_asn_csv(std::string{"192.0.2.0,192.0.2.255,64496,A\n"} + line + "\n");
    REQUIRE(!broken);
    CHECK(broken.error().sentence.contains("line 2"));
  }
}

TEST_CASE("an index of lists names every list that holds an address, and any that a range meets") {
  for (auto seed = 0U; seed < 200; ++seed) {
    auto chance = Chance{std::mt19937_64{seed}};
    auto lists = std::vector<std::vector<AddressRange>>(4);
    auto all = std::vector<std::pair<AddressRange, std::uint32_t>>{};
    for (auto number = std::uint32_t{0}; number < lists.size(); ++number) {
      for (auto i = chance.below(10); i > 0; --i) lists[number].push_back(chance.some_range(chance.below(2) == 0));
      lists[number] = merged(lists[number]);
      for (auto const &one : lists[number]) all.emplace_back(one, number);
    }
    auto const index = RangeIndex::build(all);
    for (auto i = 0; i < 100; ++i) {
      auto const asked = chance.some_range(i % 2 == 0);
      auto expected = std::vector<std::uint32_t>{};
      auto meets = false;
      for (auto const &[one, number] : all) {
        if (holds(one, asked.first)) expected.push_back(number);
        meets = meets || (one.first <= asked.last && asked.first <= one.last);
      }
      std::ranges::sort(expected);
      CHECK(std::ranges::equal(index.find(asked.first), expected));
      CHECK(index.any_in(asked).has_value() == meets);
    }
  }
}

}  // namespace noroshi::codec
