#include "codec/ssh/packets.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace noroshi;
using namespace codec::ssh;

namespace {

auto random_bytes() {
  return [engine = std::mt19937{7}](std::span<char> to) mutable {
    for (auto &byte : to) byte = static_cast<char>(engine());
  };
}

auto protection(std::string_view cipher, std::string_view mac, Direction direction) -> std::unique_ptr<Protection> {
  auto const sizes = sizes_of(cipher, mac);
  REQUIRE(sizes);
  auto made = make_protection(
      cipher, mac, {std::string(sizes->cipher, 'k'), std::string(sizes->iv, 'i'), std::string(sizes->mac, 'm')},
      direction);
  REQUIRE(made);
  return *std::move(made);
}

struct Pair {
  PacketWriter writer{random_bytes()};
  PacketReader reader{kUsualPackets};
  void use(std::string_view cipher, std::string_view mac) {
    writer.use(protection(cipher, mac, Direction::out), false);
    reader.use(protection(cipher, mac, Direction::in), false);
  }
};

}  // namespace

TEST_CASE("what one side writes the other reads, with each cipher and MAC, however the bytes are cut") {
  for (auto const cipher : known_ciphers())
    for (auto const mac : known_macs()) {
      CAPTURE(cipher);
      CAPTURE(mac);
      auto pair = Pair{};
      pair.use(cipher, mac);
      auto wire = std::string{};
      auto sent = std::vector<std::string>{};
      for (auto size = std::size_t{1}; size < 60; ++size) {
        sent.push_back(std::string(size, static_cast<char>('a' + size % 26)));
        pair.writer.write(sent.back(), wire);
      }
      CHECK_FALSE(wire.contains("aaaaaaaa"));
      auto got = std::vector<std::string>{};
      for (auto const byte : wire) {
        pair.reader.feed({&byte, 1});
        auto const next = pair.reader.next();
        REQUIRE(next);
        if (*next) got.emplace_back(**next);
      }
      CHECK(got == sent);
    }
}

TEST_CASE("a changed byte anywhere in a packet is found, and nothing of it is given") {
  for (auto const cipher : known_ciphers())
    for (auto const mac : {"hmac-sha2-256", "umac-64-etm@openssh.com"})
      for (auto at = std::size_t{0}; at < 40; at += 3) {
        auto pair = Pair{};
        pair.use(cipher, mac);
        auto wire = std::string{};
        pair.writer.write("a message of some length", wire);
        wire.at(at) = static_cast<char>(wire.at(at) ^ 0x20);
        pair.reader.feed(wire);
        auto const next = pair.reader.next();
        CHECK((!next || !*next));  // wrong, or waiting for the rest of a longer one
      }
}

TEST_CASE("lengths that no packet has are faults before the packet is there") {
  for (auto const &head :
       {std::string(8, '\xff'), std::string("\0\0\0\4\4\0\0\0", 8), std::string("\0\4\0\1\4\0\0\0", 8)}) {
    auto reader = PacketReader{};
    reader.feed(head);
    CHECK(reader.next().error() == PacketFault::length);
  }
  auto reader = PacketReader{};
  reader.feed(std::string("\0\0\0\x0d\4\0\0\0", 8));
  CHECK(reader.next().error() == PacketFault::alignment);
}

TEST_CASE("padding that is too short or too long, and a packet without a message, are faults") {
  auto const fault = [](char padding) {
    auto reader = PacketReader{};
    reader.feed(std::string("\0\0\0\x0c", 4) + padding + std::string(11, '\2'));
    auto const next = reader.next();
    return next ? std::optional<PacketFault>{} : next.error();
  };
  CHECK(fault(3) == PacketFault::short_padding);
  CHECK(fault(12) == PacketFault::padding);
  CHECK(fault(11) == PacketFault::empty);
  CHECK(fault(4) == std::nullopt);
}

TEST_CASE("compressed packets come out as they went in, and a bomb is a fault") {
  auto pair = Pair{};
  pair.writer.start_deflating();
  pair.reader.start_inflating();
  for (auto const &text : {std::string("first"), std::string(100'000, 'x'), std::string("last")}) {
    auto wire = std::string{};
    pair.writer.write(text, wire);
    pair.reader.feed(wire);
    auto const next = pair.reader.next();
    REQUIRE(next);
    CHECK(**next == text);
  }
  auto wire = std::string{};
  pair.writer.write(std::string(2'000'000, 'x'), wire);
  CHECK(wire.size() < 10'000);
  pair.reader.feed(wire);
  CHECK(pair.reader.next().error() == PacketFault::compression);
}
