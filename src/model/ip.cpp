#include "model/ip.hpp"

#include <algorithm>
#include <bit>

#include "base/bytes.hpp"
#include "model/characters.hpp"

namespace noroshi::model {

namespace {

constexpr auto kGroups = 8;  // 16-bit groups of an IPv6 address
constexpr auto kV4Bits = 32U;
constexpr auto kV6Bits = 128U;
constexpr auto kMappedBits = 96U;  // what ::ffff:0:0/96 adds to an IPv4 prefix length

/// Reads a whole dotted quad.
auto parse_v4(std::string_view text, std::uint32_t &number) -> bool {
  auto const *at = text.data();
  auto const *const end = at + text.size();
  number = 0;
  for (auto part = 0; part < 4; ++part) {
    if (part > 0 && (at == end || *at++ != '.')) return false;
    if (at == end || !is_digit(*at)) return false;
    auto value = static_cast<unsigned>(*at++ - '0');
    auto const leading_zero = value == 0;
    while (at != end && is_digit(*at)) {
      value = value * 10 + static_cast<unsigned>(*at++ - '0');
      if (leading_zero || value > 255) return false;
    }
    number = number << 8 | value;
  }
  return at == end;
}

/// The groups read so far, and where "::" stood among them.
struct Groups {
  std::array<std::uint16_t, kGroups> values{};
  int count = 0;
  int gap = -1;

  auto push(unsigned value) -> bool {
    if (count == kGroups) return false;
    values[static_cast<std::size_t>(count++)] = static_cast<std::uint16_t>(value);
    return true;
  }

  /// Moves what follows the gap to the end. False where the groups do not make an address.
  auto close() -> bool {
    if (gap < 0) return count == kGroups;
    if (count == kGroups) return false;  // "::" stands for one group at least (RFC 4291 section 2.2)
    std::rotate(values.begin() + gap, values.begin() + count, values.end());
    return true;
  }

  [[nodiscard]] auto half(std::size_t first) const -> std::uint64_t {
    auto number = std::uint64_t{0};
    for (auto i = first; i < first + 4; ++i) number = number << 16 | values[i];
    return number;
  }
};

auto push_v4_tail(std::string_view text, Groups &groups) -> bool {
  auto number = std::uint32_t{0};
  return parse_v4(text, number) && groups.push(number >> 16) && groups.push(number & 0xffff);
}

auto parse_v6(std::string_view text, Groups &groups) -> bool {
  auto at = std::size_t{0};
  if (text.starts_with("::")) {
    groups.gap = 0;
    at = 2;
  }
  while (at < text.size()) {
    auto const start = at;
    auto value = 0U;
    while (at < text.size() && at - start < 4 && hex_value(text[at]) >= 0)
      value = value << 4 | static_cast<unsigned>(hex_value(text[at++]));
    if (at == start) return false;
    if (at < text.size() && text[at] == '.') return push_v4_tail(text.substr(start), groups) && groups.close();
    if (!groups.push(value)) return false;
    if (at == text.size()) break;
    if (text[at++] != ':' || at == text.size()) return false;
    if (text[at] != ':') continue;
    if (groups.gap >= 0) return false;
    groups.gap = groups.count;
    ++at;
  }
  return groups.close();
}

auto append_decimal(char *to, unsigned number) -> char * {
  if (number >= 100) *to++ = static_cast<char>('0' + number / 100);
  if (number >= 10) *to++ = static_cast<char>('0' + number / 10 % 10);
  *to++ = static_cast<char>('0' + number % 10);
  return to;
}

auto v4_text(std::uint32_t number) -> std::string {
  auto buffer = std::array<char, 16>{};
  auto *end = buffer.data();
  for (auto shift = 24; shift >= 0; shift -= 8) {
    end = append_decimal(end, number >> shift & 0xff);
    if (shift > 0) *end++ = '.';
  }
  return {buffer.data(), end};
}

/// The first longest run of two or more zero groups (RFC 5952 section 4.2).
auto longest_zero_run(std::array<unsigned, kGroups> const &groups) -> std::pair<int, int> {
  auto best = std::pair{-1, 1};
  auto length = 0;
  for (auto i = 0; i < kGroups; ++i) {
    length = groups[static_cast<std::size_t>(i)] == 0 ? length + 1 : 0;
    if (length > best.second) best = {i - length + 1, length};
  }
  return best;
}

auto v6_text(std::uint64_t high, std::uint64_t low) -> std::string {
  constexpr auto kDigits = std::string_view{"0123456789abcdef"};
  auto groups = std::array<unsigned, kGroups>{};
  for (auto i = std::size_t{0}; i < 4; ++i) {
    groups[i] = high >> (48 - 16 * i) & 0xffff;
    groups[i + 4] = low >> (48 - 16 * i) & 0xffff;
  }
  auto const [gap, gap_length] = longest_zero_run(groups);
  auto buffer = std::array<char, 48>{};
  auto *end = buffer.data();
  for (auto i = 0; i < kGroups; ++i) {
    if (i == gap) {
      *end++ = ':';
      if (i + gap_length == kGroups) *end++ = ':';
      i += gap_length - 1;
      continue;
    }
    if (i > 0) *end++ = ':';
    auto const group = groups[static_cast<std::size_t>(i)];
    auto const digits = (static_cast<int>(std::bit_width(group | 1)) + 3) / 4;
    for (auto shift = digits * 4 - 4; shift >= 0; shift -= 4) *end++ = kDigits[group >> shift & 15];
  }
  return {buffer.data(), end};
}

/// A block whose first `bits` bits of `high` are those of `block`.
constexpr auto in(std::uint64_t high, std::uint64_t block, int bits) -> bool {
  return (high ^ block) >> (64 - bits) == 0;
}

auto is_special_v4(std::uint32_t number) -> bool {
  struct Block {
    std::uint32_t address;
    int bits;
  };
  // IANA IPv4 Special-Purpose Address Registry, the rows that are not globally reachable, and multicast.
  // 192.31.196.0/24, 192.52.193.0/24 and 192.175.48.0/24 (AS112, AMT) are reachable, so they are not here.
  static constexpr auto kBlocks = std::array{
      Block{0x0000'0000, 8},   // 0.0.0.0/8, this network
      Block{0x0a00'0000, 8},   // 10.0.0.0/8, private
      Block{0x6440'0000, 10},  // 100.64.0.0/10, shared (carrier NAT, inside)
      Block{0x7f00'0000, 8},   // 127.0.0.0/8, loopback
      Block{0xa9fe'0000, 16},  // 169.254.0.0/16, link-local
      Block{0xac10'0000, 12},  // 172.16.0.0/12, private
      Block{0xc000'0000, 24},  // 192.0.0.0/24, protocol assignments
      Block{0xc000'0200, 24},  // 192.0.2.0/24, documentation
      Block{0xc058'6300, 24},  // 192.88.99.0/24, 6to4 relay anycast, withdrawn
      Block{0xc0a8'0000, 16},  // 192.168.0.0/16, private
      Block{0xc612'0000, 15},  // 198.18.0.0/15, benchmarking
      Block{0xc633'6400, 24},  // 198.51.100.0/24, documentation
      Block{0xcb00'7100, 24},  // 203.0.113.0/24, documentation
      Block{0xe000'0000, 3},   // 224.0.0.0/4 multicast, 240.0.0.0/4 reserved and broadcast
  };
  return std::ranges::any_of(kBlocks,
                             [&](Block const &block) { return (number ^ block.address) >> (32 - block.bits) == 0; });
}

auto is_special_v6(std::uint64_t high, std::uint64_t low) -> bool {
  auto const low32 = static_cast<std::uint32_t>(low);
  // Forms that carry an IPv4 address stand for its owner: NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380: the
  // client's address, inverted, is last).
  if (high == 0x0064'ff9b'0000'0000 && low >> 32 == 0) return is_special_v4(low32);
  if (in(high, 0x2002'0000'0000'0000, 16)) return is_special_v4(static_cast<std::uint32_t>(high >> 16));
  if (in(high, 0x2001'0000'0000'0000, 32)) return is_special_v4(~low32);
  if (!in(high, 0x2000'0000'0000'0000, 3)) return true;  // only 2000::/3 is global unicast (RFC 4291 section 2.4)
  if (in(high, 0x2001'0000'0000'0000, 23)) return true;  // protocol assignments
  if (in(high, 0x2001'0db8'0000'0000, 32)) return true;  // documentation
  return in(high, 0x3fff'0000'0000'0000, 20);            // documentation (RFC 9637)
}

auto refuse(std::string_view text, std::string_view what) -> Error {
  return fail(ErrorCode::malformed, "{} is not {}", quoted(text), what);
}

}  // namespace

auto IpAddress::from_bytes(std::array<std::uint8_t, 16> const &bytes) -> IpAddress {
  auto const *const raw = reinterpret_cast<char const *>(bytes.data());
  return IpAddress{load_be<std::uint64_t>(raw), load_be<std::uint64_t>(raw + 8)};
}

auto IpAddress::bytes() const -> std::array<std::uint8_t, 16> {
  return std::bit_cast<std::array<std::uint8_t, 16>>(std::array{__builtin_bswap64(high_), __builtin_bswap64(low_)});
}

auto IpAddress::parse(std::string_view text) -> Result<IpAddress> {
  if (text.find(':') == std::string_view::npos) {
    auto number = std::uint32_t{0};
    if (parse_v4(text, number)) return v4(number);
  } else {
    auto groups = Groups{};
    if (parse_v6(text, groups)) return IpAddress{groups.half(0), groups.half(4)};
  }
  return refuse(text, "an IP address (192.0.2.1 or 2001:db8::1)");
}

auto IpAddress::to_string() const -> std::string {
  return is_v4() ? v4_text(static_cast<std::uint32_t>(low_)) : v6_text(high_, low_);
}

auto IpAddress::is_special() const -> bool {
  return is_v4() ? is_special_v4(static_cast<std::uint32_t>(low_)) : is_special_v6(high_, low_);
}

auto IpPrefix::of(IpAddress address, unsigned length) -> IpPrefix {
  auto const own_bits = address.is_v4() ? kV4Bits : kV6Bits;
  length = std::min(length, own_bits);
  auto const host_bits = own_bits - length;
  auto const keep = [](std::uint64_t half, unsigned cleared) {
    return cleared == 0 ? half : cleared >= 64 ? 0 : half >> cleared << cleared;
  };
  auto const high = keep(address.high(), host_bits > 64 ? host_bits - 64 : 0);
  return IpPrefix{IpAddress{high, keep(address.low(), host_bits)}, length};
}

auto IpPrefix::parse(std::string_view text) -> Result<IpPrefix> {
  constexpr auto kWhat = std::string_view{"an address block (192.0.2.0/24 or 2001:db8::/32)"};
  auto const slash = text.find('/');
  if (slash == std::string_view::npos) return refuse(text, kWhat);
  auto const digits = text.substr(slash + 1);
  if (digits.empty() || digits.size() > 3 || !std::ranges::all_of(digits, is_digit)) return refuse(text, kWhat);
  if (digits.size() > 1 && digits.front() == '0') return refuse(text, kWhat);
  auto length = 0U;
  for (auto const digit : digits) length = length * 10 + static_cast<unsigned>(digit - '0');
  auto const address = IpAddress::parse(text.substr(0, slash));
  if (!address) return refuse(text, kWhat);
  // ::ffff:192.0.2.0/120 counts 128 bits, the IPv4 block that it is counts 32.
  auto const mapped = address->is_v4() && text.find(':') < slash;
  if (mapped && length < kMappedBits) return refuse(text, kWhat);
  if (mapped) length -= kMappedBits;
  if (length > (address->is_v4() ? kV4Bits : kV6Bits)) return refuse(text, kWhat);
  return of(*address, length);
}

auto IpPrefix::contains(IpAddress address) const -> bool {
  return address.is_v4() == address_.is_v4() && of(address, length_).address_ == address_;
}

auto IpPrefix::to_string() const -> std::string { return fmt::format("{}/{}", address_.to_string(), length_); }

auto Endpoint::to_string() const -> std::string {
  return address.is_v4() ? fmt::format("{}:{}", address.to_string(), port)
                         : fmt::format("[{}]:{}", address.to_string(), port);
}

}  // namespace noroshi::model
