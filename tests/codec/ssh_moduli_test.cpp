#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "base/file.hpp"
#include "codec/ssh/moduli.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::codec::ssh;

constexpr auto kFile = NOROSHI_SOURCE_DIR "/packs/ssh/moduli";

/// Counts up, so that every choice is met.
auto counting() -> Random {
  return [next = '\0'](std::span<char> to) mutable {
    std::ranges::fill(to, '\0');
    to.front() = next++;
  };
}

auto shipped() -> std::vector<DhGroup> { return *parse_moduli(*read_file(kFile, std::size_t{1} << 20)); }

auto bits_for(std::vector<DhGroup> const &moduli, GroupWish const &wish) -> unsigned {
  auto const *const group = choose_modulus(moduli, wish, counting());
  return group == nullptr ? 0 : group->bits;
}

/// A line for a number of 2,048 bits.
auto line_with(std::string_view head) -> std::string {
  return "20220714110357 " + std::string{head} + " " + std::string(512, 'F') + "\n";
}

TEST_CASE("the shipped primes are six of each size of OpenSSH's list") {
  auto const moduli = shipped();
  for (auto const bits : {2048U, 3072U, 4096U, 6144U, 7680U, 8192U}) {
    CAPTURE(bits);
    CHECK(std::ranges::count(moduli, bits, &DhGroup::bits) == 6);
  }
  CHECK(moduli.size() == 36);
}

TEST_CASE("a wish gets the smallest size that is no less than wanted, else the largest within its bounds") {
  auto const moduli = shipped();
  CHECK(bits_for(moduli, {2048, 2048, 8192}) == 2048);
  CHECK(bits_for(moduli, {2048, 2049, 8192}) == 3072);
  CHECK(bits_for(moduli, {1024, 1024, 8192}) == 2048);
  CHECK(bits_for(moduli, {2048, 7000, 8192}) == 7680);
  CHECK(bits_for(moduli, {2048, 7000, 7000}) == 6144);
  CHECK(bits_for(moduli, {2048, 20000, 20000}) == 8192);
}

TEST_CASE("what the list has no prime for gets a fixed group, and wishes that contradict each other none") {
  auto const moduli = shipped();
  CHECK(choose_modulus(moduli, {2049, 2100, 3000}, counting()) == fixed_group(14));
  CHECK(choose_modulus(moduli, {4097, 4100, 5000}, counting()) == fixed_group(16));
  CHECK(choose_modulus({}, {2048, 3072, 8192}, counting()) == fixed_group(18));
  for (auto const &wish : {GroupWish{4096, 2048, 8192}, {2048, 4096, 3072}, {512, 512, 512}, {4096, 2048, 2048}})
    CHECK(bits_for(moduli, wish) == 0);
}

TEST_CASE("each of the primes of one size is chosen") {
  auto const moduli = shipped();
  auto const random = counting();
  auto chosen = std::set<DhGroup const *>{};
  for (auto time = 0; time < 6; ++time) chosen.insert(choose_modulus(moduli, {2048, 3072, 8192}, random));
  CHECK(chosen.size() == 6);
}

TEST_CASE("a list with something else than tested safe primes of their size is refused") {
  CHECK(parse_moduli(line_with("2 6 100 2047 2"))->size() == 1);
  CHECK(parse_moduli("# nothing\n\n")->empty());
  for (auto const *const head : {"4 6 100 2047 2", "2 7 100 2047 2", "2 2 100 2047 2", "2 6 0 2047 2", "2 6 100 2046 2",
                                 "2 6 100 2047 1", "2 6 100 2047 200", "2 6 100 2047", "x 6 100 2047 2"}) {
    CAPTURE(head);
    CHECK_FALSE(parse_moduli(line_with(head)));
  }
  auto const second = parse_moduli("# one\n" + line_with("2 6 100 2046 2"));
  REQUIRE_FALSE(second);
  CHECK(second.error().sentence.starts_with("line 2: "));
}

}  // namespace
