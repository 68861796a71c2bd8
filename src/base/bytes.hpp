// Bytes as numbers: little- and big-endian reads and writes, varints, hexadecimal, base64.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace noroshi {

template <class Number>
auto load_le(char const *from) -> Number {
  static_assert(std::endian::native == std::endian::little, "only little-endian machines are supported");
  auto number = Number{};
  std::memcpy(&number, from, sizeof number);
  return number;
}

template <class Number>
void append_le(std::string &to, Number number) {
  to.append(reinterpret_cast<char const *>(&number), sizeof number);
}

template <class Number>
auto load_be(char const *from) -> Number {
  auto number = Number{};
  for (auto i = std::size_t{0}; i < sizeof(Number); ++i)
    number = static_cast<Number>((number << 8) | static_cast<unsigned char>(from[i]));
  return number;
}

template <class Number>
void append_be(std::string &to, Number number) {
  for (auto shift = static_cast<int>(sizeof(Number)) * 8 - 8; shift >= 0; shift -= 8)
    to.push_back(static_cast<char>((number >> shift) & 0xff));
}

/// LEB128: seven bits a byte, least significant first.
void append_varint(std::string &to, std::uint64_t number);
/// The same to where there is room for kMaxVarintBytes; behind what was written.
inline constexpr auto kMaxVarintBytes = std::size_t{10};
inline auto put_varint(char *to, std::uint64_t number) -> char * {
  for (; number >= 0x80; number >>= 7) *to++ = static_cast<char>((number & 0x7f) | 0x80);
  *to++ = static_cast<char>(number);
  return to;
}

/// Reads numbers and byte runs off the front of a buffer. After a read past the end `failed()` is true and every
/// further read gives zero or nothing, so a parser checks once at the end.
class ByteReader {
public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <class Number>
  auto little() -> Number {
    auto const bytes = take(sizeof(Number));
    return failed_ ? Number{} : load_le<Number>(bytes.data());
  }
  template <class Number>
  auto big() -> Number {
    auto const bytes = take(sizeof(Number));
    return failed_ ? Number{} : load_be<Number>(bytes.data());
  }
  auto varint() -> std::uint64_t {
    if (rest_.empty() || (rest_.front() & 0x80) != 0) return long_varint();
    auto const number = static_cast<std::uint64_t>(rest_.front());
    rest_.remove_prefix(1);
    return number;
  }
  auto take(std::uint64_t size) -> std::string_view {
    if (failed_ || size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    auto const taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  [[nodiscard]] auto rest() const -> std::string_view { return rest_; }
  [[nodiscard]] auto failed() const -> bool { return failed_; }

private:
  auto long_varint() -> std::uint64_t;
  std::string_view rest_;
  bool failed_ = false;
};

/// Lower-case hexadecimal.
auto to_hex(std::string_view bytes) -> std::string;
auto from_hex(std::string_view hex) -> Result<std::string>;
/// RFC 4648 section 4, padded.
auto to_base64(std::string_view bytes) -> std::string;

}  // namespace noroshi
