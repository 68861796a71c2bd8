// Made-up indicators of four types, the same for every store that is measured: number n is always the same value.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "model/value.hpp"

namespace noroshi::bench {

/// splitmix64: different numbers give different numbers.
inline auto mixed(std::uint64_t number) -> std::uint64_t {
  auto z = number + 0x9e37'79b9'7f4a'7c15;
  z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
  z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
  return z ^ (z >> 31);
}

/// A quarter each: addresses, domains, SHA-256 hashes, URLs. Addresses are different up to a billion numbers: an odd
/// factor permutes the 32 bits.
inline auto nth_value(std::uint64_t n) -> model::Value {
  auto const random = mixed(n);
  constexpr auto kEnds = std::array{"com", "net", "org", "jp", "info", "ru", "top", "xyz"};
  switch (n % 4) {
    case 0: {
      auto const address = static_cast<std::uint32_t>(n / 4) * 2'654'435'761U;
      return {model::ValueType::ip,
              fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255)};
    }
    case 1:
      return {model::ValueType::domain,
              fmt::format("h{:x}.example-{:x}.{}", random >> 40, random & 0xffff'ffff, kEnds[random >> 32 & 7])};
    case 2:
      return {model::ValueType::sha256,
              fmt::format("{:016x}{:016x}{:016x}{:016x}", random, mixed(random), random ^ 0x5555, mixed(random ^ 1))};
    default:
      return {model::ValueType::url, fmt::format("http://w{:x}.example.{}/{:x}/x.sh", random & 0xff'ffff,
                                                 kEnds[random >> 32 & 7], random >> 24)};
  }
}

/// When number n was seen, in seconds; what a store must answer with.
inline auto nth_first_seen(std::uint64_t n) -> std::int64_t {
  return 1'760'000'000 + static_cast<std::int64_t>(mixed(n ^ 0xfeed) % 20'000'000);
}

}  // namespace noroshi::bench
