#include "base/bytes.hpp"

namespace noroshi {

void append_varint(std::string &to, std::uint64_t number) {
  char bytes[kMaxVarintBytes];
  to.append(bytes, put_varint(bytes, number));
}

auto ByteReader::long_varint() -> std::uint64_t {
  auto number = std::uint64_t{0};
  for (auto shift = 0; shift < 64; shift += 7) {
    auto const byte = little<std::uint8_t>();
    if (failed_) return 0;
    number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return number;
  }
  failed_ = true;
  return 0;
}

auto to_hex(std::string_view bytes) -> std::string {
  constexpr auto kDigits = std::string_view{"0123456789abcdef"};
  auto hex = std::string{};
  hex.reserve(bytes.size() * 2);
  for (auto const character : bytes) {
    auto const byte = static_cast<unsigned char>(character);
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

namespace {
auto hex_digit(char character) -> int {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}
}  // namespace

auto from_hex(std::string_view hex) -> Result<std::string> {
  if (hex.size() % 2 != 0) return fail(ErrorCode::malformed, "hexadecimal text has an odd number of digits");
  auto bytes = std::string{};
  bytes.reserve(hex.size() / 2);
  for (auto i = std::size_t{0}; i < hex.size(); i += 2) {
    auto const high = hex_digit(hex[i]);
    auto const low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return fail(ErrorCode::malformed, "not a hexadecimal digit at position {}", i);
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

auto to_base64(std::string_view bytes) -> std::string {
  constexpr auto kAlphabet = std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"};
  auto text = std::string{};
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (auto i = std::size_t{0}; i < bytes.size(); i += 3) {
    auto const byte = [&](std::size_t at) -> unsigned {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
    };
    auto const group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    text.push_back(kAlphabet[group >> 18 & 63]);
    text.push_back(kAlphabet[group >> 12 & 63]);
    text.push_back(i + 1 < bytes.size() ? kAlphabet[group >> 6 & 63] : '=');
    text.push_back(i + 2 < bytes.size() ? kAlphabet[group & 63] : '=');
  }
  return text;
}

}  // namespace noroshi
