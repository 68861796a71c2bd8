#include "codec/base32.hpp"

#include <cstdint>

namespace noroshi::codec {

namespace {

constexpr auto kAlphabet = std::string_view{"abcdefghijklmnopqrstuvwxyz234567"};

auto digit_of(char c) -> std::size_t {
  return kAlphabet.find(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
}

}  // namespace

auto to_base32(std::string_view bytes) -> std::string {
  auto text = std::string{};
  text.reserve((bytes.size() * 8 + 4) / 5);
  auto bits = std::uint32_t{0};
  auto waiting = 0;
  for (auto const byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (waiting += 8; waiting >= 5; waiting -= 5) text.push_back(kAlphabet[bits >> (waiting - 5) & 31]);
  }
  if (waiting > 0) text.push_back(kAlphabet[bits << (5 - waiting) & 31]);
  return text;
}

auto from_base32(std::string_view text) -> std::optional<std::string> {
  auto bytes = std::string{};
  bytes.reserve(text.size() * 5 / 8);
  auto bits = std::uint32_t{0};
  auto waiting = 0;
  for (auto const c : text) {
    auto const digit = digit_of(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 5 | static_cast<std::uint32_t>(digit);
    waiting += 5;
    if (waiting < 8) continue;
    waiting -= 8;
    bytes.push_back(static_cast<char>(bits >> waiting & 0xff));
  }
  if (waiting >= 5 || (bits & ((1U << waiting) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace noroshi::codec
