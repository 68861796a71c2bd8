// IP addresses and prefixes as numbers. IPv4 is kept as ::ffff:a.b.c.d, so one ordering holds both families.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace noroshi::model {

class IpAddress {
public:
  /// The unspecified address "::".
  constexpr IpAddress() = default;
  /// From two 64-bit halves, most significant first, as the stores keep it.
  constexpr IpAddress(std::uint64_t high, std::uint64_t low) : high_(high), low_(low) {}
  /// From a.b.c.d as a host-order number.
  static constexpr auto v4(std::uint32_t number) -> IpAddress { return IpAddress{0, 0xffff'0000'0000U | number}; }
  /// From 16 network-order bytes.
  static auto from_bytes(std::array<std::uint8_t, 16> const &bytes) -> IpAddress;

  /// Strict text forms (RFC 4291, RFC 6943 strict dotted quad: no leading zeros, no octal, no short forms). IPv4-mapped
  /// IPv6 becomes IPv4. A zone ("%eth0") is an error.
  static auto parse(std::string_view text) -> Result<IpAddress>;

  [[nodiscard]] constexpr auto is_v4() const -> bool { return high_ == 0 && (low_ >> 32) == 0xffff; }
  [[nodiscard]] constexpr auto high() const -> std::uint64_t { return high_; }
  [[nodiscard]] constexpr auto low() const -> std::uint64_t { return low_; }
  [[nodiscard]] auto bytes() const -> std::array<std::uint8_t, 16>;
  /// Canonical text: dotted quad, or RFC 5952.
  [[nodiscard]] auto to_string() const -> std::string;
  /// True where the address can stand for nobody on the public internet: private, loopback, link-local, multicast,
  /// documentation, reserved… (IANA special-purpose registries, RFC 6890), so never an indicator by default.
  [[nodiscard]] auto is_special() const -> bool;

  auto operator<=>(IpAddress const &) const = default;

private:
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

/// An address block in CIDR form; host bits are zero.
class IpPrefix {
public:
  /// `length` counts bits of the address's own family (0…32 or 0…128). Host bits are cleared.
  static auto of(IpAddress address, unsigned length) -> IpPrefix;
  static auto parse(std::string_view text) -> Result<IpPrefix>;

  [[nodiscard]] auto address() const -> IpAddress { return address_; }
  [[nodiscard]] auto length() const -> unsigned { return length_; }
  [[nodiscard]] auto contains(IpAddress address) const -> bool;
  /// "192.0.2.0/24".
  [[nodiscard]] auto to_string() const -> std::string;

  auto operator<=>(IpPrefix const &) const = default;

private:
  IpPrefix(IpAddress address, unsigned length) : address_(address), length_(length) {}
  IpAddress address_;
  unsigned length_ = 0;
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  auto operator<=>(Endpoint const &) const = default;
  /// "192.0.2.1:80" or "[2001:db8::1]:80".
  [[nodiscard]] auto to_string() const -> std::string;
};

}  // namespace noroshi::model

template <>
struct std::hash<noroshi::model::IpAddress> {
  auto operator()(noroshi::model::IpAddress const &address) const noexcept -> std::size_t {
    // Only for tables that no attacker can aim at with chosen IPv6 addresses; those use a keyed hash.
    return (address.high() * 0x9e37'79b9'7f4a'7c15U) ^ (address.low() + (address.low() >> 29)) * 0xbf58'476d'1ce4'e5b9U;
  }
};
