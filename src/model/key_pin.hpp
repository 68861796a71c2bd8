// KeyPin: the name by which a node and its sensors know each other's keys.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace noroshi::model {

/// SHA-256 of a public key as SubjectPublicKeyInfo in DER (what RFC 7469 pins). It outlives certificates: a new
/// certificate of the same key has the same pin.
struct KeyPin {
  std::array<std::uint8_t, 32> bytes{};

  /// The 32 bytes as they are.
  [[nodiscard]] auto view() const -> std::string_view {
    return {reinterpret_cast<char const *>(bytes.data()), bytes.size()};
  }
  [[nodiscard]] auto to_string() const -> std::string;  // 64 lower-case hexadecimal digits
  static auto parse(std::string_view hex) -> Result<KeyPin>;
  /// Exactly 32 bytes, else malformed.
  static auto from_bytes(std::string_view bytes) -> Result<KeyPin>;
  auto operator<=>(KeyPin const &) const = default;
};

}  // namespace noroshi::model
