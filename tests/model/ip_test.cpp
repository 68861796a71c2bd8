#include "model/ip.hpp"

#include <optional>
#include <random>

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include "base/bytes.hpp"

using namespace noroshi;
using namespace noroshi::model;

namespace {

constexpr auto kRounds = 200'000;

/// What the C library reads, in our form of numbers.
auto reference_parse(std::string const &text) -> std::optional<IpAddress> {
  auto v4 = in_addr{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return IpAddress::v4(ntohl(v4.s_addr));
  auto bytes = std::array<std::uint8_t, 16>{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return IpAddress::from_bytes(bytes);
  return std::nullopt;
}

/// What the C library writes. It writes ::/96 with a dotted tail, which RFC 5952 does not ask for: those are compared
/// by their numbers only.
auto reference_text(IpAddress address) -> std::string {
  auto buffer = std::array<char, INET6_ADDRSTRLEN>{};
  auto const bytes = address.bytes();
  if (address.is_v4()) return ::inet_ntop(AF_INET, bytes.data() + 12, buffer.data(), buffer.size());
  return ::inet_ntop(AF_INET6, bytes.data(), buffer.data(), buffer.size());
}

/// Addresses with many zero groups, so that every form of "::" occurs.
auto random_address(std::mt19937_64 &random) -> IpAddress {
  if (random() % 4 == 0) return IpAddress::v4(static_cast<std::uint32_t>(random()));
  auto halves = std::array<std::uint64_t, 2>{};
  for (auto group = 0; group < 8; ++group) {
    auto const value = random() % 3 == 0 ? random() & 0xffff : random() % 3 == 0 ? random() & 0xf : 0;
    halves[group < 4 ? 0 : 1] |= value << (48 - group % 4 * 16);
  }
  return IpAddress{halves[0], halves[1]};
}

auto mutated(std::string text, std::mt19937_64 &random) -> std::string {
  constexpr auto kAlphabet = std::string_view{"0123456789abcdefABCDEF::::....%/ gx-\t"};
  for (auto changes = 1 + random() % 3; changes > 0; --changes) {
    auto const at = text.empty() ? 0 : random() % text.size();
    auto const character = kAlphabet[random() % kAlphabet.size()];
    switch (random() % 3) {
      case 0: text.insert(at, 1, character); break;
      case 1: text.erase(at, 1); break;
      default:
        if (!text.empty()) text[at] = character;
    }
  }
  return text;
}

auto address(std::string_view text) -> IpAddress {
  auto const parsed = IpAddress::parse(text);
  REQUIRE_MESSAGE(parsed, text);
  return *parsed;
}

auto prefix(std::string_view text) -> IpPrefix {
  auto const parsed = IpPrefix::parse(text);
  REQUIRE_MESSAGE(parsed, text);
  return *parsed;
}

}  // namespace

TEST_CASE("a written address is what the C library writes, and reads back as itself") {
  auto random = std::mt19937_64{1};
  for (auto round = 0; round < kRounds; ++round) {
    auto const any = random_address(random);
    auto const text = any.to_string();
    auto const read = IpAddress::parse(text);
    REQUIRE_MESSAGE(read, text);
    REQUIRE(*read == any);
    auto const v4_compatible = any.high() == 0 && any.low() >> 32 == 0;
    if (!v4_compatible) REQUIRE(text == reference_text(any));
    REQUIRE(IpAddress::from_bytes(any.bytes()) == any);
  }
}

TEST_CASE("text is an address exactly where the C library says so") {
  auto random = std::mt19937_64{2};
  auto accepted = 0;
  for (auto round = 0; round < kRounds; ++round) {
    auto const text = mutated(reference_text(random_address(random)), random);
    auto const ours = IpAddress::parse(text);
    auto const theirs = reference_parse(text);
    REQUIRE_MESSAGE(ours.has_value() == theirs.has_value(), text);
    if (!ours) continue;
    REQUIRE_MESSAGE(*ours == *theirs, text);
    ++accepted;
  }
  CHECK(accepted > kRounds / 10);  // the mutation leaves enough whole addresses to mean something
}

TEST_CASE("loose and decorated forms of an address are refused with a sentence") {
  for (auto const *text :
       {"", "1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "0x7f.0.0.1", "256.1.1.1", "1.2.3.4 ", "fe80::1%eth0", "[::1]",
        ":::", "1::2::3", "1:2:3:4:5:6:7:8::", "12345::", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4"}) {
    auto const read = IpAddress::parse(text);
    REQUIRE_MESSAGE(!read, text);
    CHECK(read.error().code == ErrorCode::malformed);
    CHECK(read.error().sentence.find("IP address") != std::string::npos);
  }
}

TEST_CASE("an IPv4-mapped address is the IPv4 address") {
  CHECK(address("::ffff:192.0.2.1") == address("192.0.2.1"));
  CHECK(address("::ffff:c000:201").to_string() == "192.0.2.1");
  CHECK(address("::ffff:c000:201").is_v4());
  CHECK(!address("::192.0.2.1").is_v4());
}

TEST_CASE("addresses are written as RFC 5952 asks") {
  CHECK(address("2001:DB8:0:0:0:0:0:1").to_string() == "2001:db8::1");
  CHECK(address("2001:db8:0:1:1:1:1:1").to_string() == "2001:db8:0:1:1:1:1:1");  // one zero group stays
  CHECK(address("2001:0:0:1:0:0:0:1").to_string() == "2001:0:0:1::1");           // the longest run goes
  CHECK(address("2001:db8:0:0:1:0:0:1").to_string() == "2001:db8::1:0:0:1");     // the first of equals
  CHECK(address("::").to_string() == "::");
  CHECK(address("1::").to_string() == "1::");
  CHECK(address("::1.2.3.4").to_string() == "::102:304");
}

TEST_CASE("special addresses are those that the IANA registries give to nobody on the internet") {
  for (auto const *text : {"0.0.0.0",
                           "10.255.0.1",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "169.254.1.1",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.0.2.9",
                           "192.88.99.1",
                           "192.168.1.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "fe80::1",
                           "fc00::1",
                           "ff02::1",
                           "2001:db8::1",
                           "3fff:fff::1",
                           "2001:10::1",
                           "100::1",
                           "64:ff9b:1::1",
                           "5f00::1",
                           "64:ff9b::10.0.0.1",
                           "2002:a00:1::1",
                           "::ffff:10.0.0.1",
                           "4000::1",
                           "2001::f5ff:fffe"})  // Teredo for 10.0.0.1
    CHECK_MESSAGE(address(text).is_special(), text);
  for (auto const *text :
       {"1.1.1.1",         "9.255.255.255",   "11.0.0.0",     "100.63.255.255",   "100.128.0.0",     "126.255.255.255",
        "128.0.0.0",       "172.15.255.255",  "172.32.0.0",   "191.255.255.255",  "192.0.1.1",       "192.0.3.1",
        "192.31.196.1",    "192.167.255.255", "192.169.0.0",  "198.17.255.255",   "198.20.0.0",      "223.255.255.255",
        "2606:4700::1111", "2001:200::1",     "2a00:1450::1", "64:ff9b::8.8.8.8", "2002:808:808::1", "3ffe::1",
        "3fff:1000::1",    "2001::f7f7:f7f7"})
    CHECK_MESSAGE(!address(text).is_special(), text);
}

TEST_CASE("a prefix clears its host bits and holds exactly the addresses that share the rest") {
  CHECK(prefix("192.0.2.77/24").to_string() == "192.0.2.0/24");
  CHECK(prefix("2001:db8:ffff::/33").to_string() == "2001:db8:8000::/33");
  CHECK(prefix("::ffff:192.0.2.77/120").to_string() == "192.0.2.0/24");
  CHECK(prefix("0.0.0.0/0").contains(address("255.1.2.3")));
  CHECK(!prefix("0.0.0.0/0").contains(address("2001:db8::1")));
  CHECK(!prefix("::/0").contains(address("192.0.2.1")));
  auto random = std::mt19937_64{3};
  for (auto round = 0; round < 20'000; ++round) {
    auto const any = random_address(random);
    auto const bits = any.is_v4() ? 32U : 128U;
    auto const length = static_cast<unsigned>(random() % (bits + 1));
    auto const block = IpPrefix::of(any, length);
    REQUIRE(block.contains(any));
    REQUIRE(block.address().is_v4() == any.is_v4());
    REQUIRE(prefix(block.to_string()) == block);
    // Turning one bit leaves the block exactly where the bit is one of the first `length`.
    auto const bit = static_cast<unsigned>(random() % bits);
    auto const from_end = bits - 1 - bit;
    auto const turned = from_end >= 64 ? IpAddress{any.high() ^ std::uint64_t{1} << (from_end - 64), any.low()}
                                       : IpAddress{any.high(), any.low() ^ std::uint64_t{1} << from_end};
    if (turned.is_v4() == any.is_v4()) REQUIRE(block.contains(turned) == (bit >= length));
  }
}

TEST_CASE("text that is no prefix is refused") {
  for (auto const *text : {"192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/024", "192.0.2.0/-1", "::/129", "/8",
                           "192.0.2.0/2 4", "::ffff:192.0.2.0/24", "192.0.2.0/24/8", "1.2.3/8"})
    CHECK_MESSAGE(!IpPrefix::parse(text), text);
}

TEST_CASE("an endpoint brackets an IPv6 address") {
  CHECK(Endpoint{address("192.0.2.1"), 80}.to_string() == "192.0.2.1:80");
  CHECK(Endpoint{address("2001:db8::1"), 443}.to_string() == "[2001:db8::1]:443");
}
