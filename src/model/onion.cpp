// Tor's addresses (rend-spec-v3, section 6 "Encoding onion addresses"; version 2: rend-spec-v2, section 1.3).
#include <cstdint>
#include <optional>

#include "model/canonical.hpp"
#include "model/keccak.hpp"

namespace noroshi::model {

namespace {

constexpr auto kVersion2 = std::size_t{16};
constexpr auto kVersion3 = std::size_t{56};
constexpr auto kPublicKey = std::size_t{32};

/// RFC 4648 base32 in lower case, without padding; whole bytes only.
auto from_base32(std::string_view text) -> std::optional<std::string> {
  constexpr auto kAlphabet = std::string_view{"abcdefghijklmnopqrstuvwxyz234567"};
  auto bytes = std::string{};
  auto bits = std::uint32_t{0};
  auto held = 0;
  for (auto const character : text) {
    auto const value = kAlphabet.find(character);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 5 | static_cast<std::uint32_t>(value)) & 0xfff;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<char>(bits >> held & 0xff));
  }
  return bytes;
}

}  // namespace

auto is_onion_label(std::string_view label) -> bool {
  if (label.size() != kVersion2 && label.size() != kVersion3) return false;
  auto const bytes = from_base32(label);
  if (!bytes || label.size() == kVersion2) return bytes.has_value();
  auto const key = std::string_view{*bytes}.substr(0, kPublicKey);
  auto const checksum = std::string_view{*bytes}.substr(kPublicKey, 2);
  if (bytes->back() != 3) return false;
  auto const digest = sha3_256(std::string{".onion checksum"}.append(key).append("\x03"));
  return static_cast<unsigned char>(checksum[0]) == digest[0] && static_cast<unsigned char>(checksum[1]) == digest[1];
}

}  // namespace noroshi::model
