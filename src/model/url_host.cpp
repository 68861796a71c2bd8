// Hosts in URLs, as browsers read them (WHATWG URL Standard, sections 3.5 "host parsing").
#include <algorithm>
#include <optional>

#include "model/canonical.hpp"
#include "model/characters.hpp"
#include "model/ip.hpp"

namespace noroshi::model {

namespace {

constexpr auto kMaxHost = std::size_t{4096};  // percent-encoded Unicode of 253 bytes as A-labels stays far below

auto percent_decoded(std::string_view text) -> std::string {
  auto decoded = std::string{};
  for (auto at = std::size_t{0}; at < text.size(); ++at) {
    auto const encoded =
        text[at] == '%' && at + 2 < text.size() && hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0;
    decoded += encoded ? static_cast<char>(hex_value(text[at + 1]) * 16 + hex_value(text[at + 2])) : text[at];
    if (encoded) at += 2;
  }
  return decoded;
}

/// Decimal, octal with a leading 0, hexadecimal with a leading 0x. Values past 2^32 come back as 2^32.
auto read_part(std::string_view part) -> std::optional<std::uint64_t> {
  constexpr auto kPast = std::uint64_t{1} << 32;
  auto base = 10;
  if (part.starts_with("0x")) {
    base = 16;
    part.remove_prefix(2);
  } else if (part.size() > 1 && part.front() == '0') {
    base = 8;
    part.remove_prefix(1);
  } else if (part.empty()) {
    return std::nullopt;
  }
  auto number = std::uint64_t{0};
  for (auto const character : part) {
    auto const digit = hex_value(character);
    if (digit < 0 || digit >= base) return std::nullopt;
    number = std::min(kPast, number * static_cast<unsigned>(base) + static_cast<unsigned>(digit));
  }
  return number;
}

/// The standard's "ends in a number": such a host is an IPv4 address or nothing.
auto ends_in_number(std::string_view host) -> bool {
  auto const last = host.substr(host.rfind('.') + 1);
  return !last.empty() && (std::ranges::all_of(last, is_digit) || (last.starts_with("0x") && read_part(last)));
}

auto read_loose_v4(std::string_view host) -> std::optional<IpAddress> {
  auto number = std::uint64_t{0};
  for (auto count = 1; count <= 4; ++count) {
    auto const dot = host.find('.');
    auto const part = read_part(host.substr(0, dot));
    if (!part) return std::nullopt;
    if (dot == std::string_view::npos) {
      // The last part fills all the bytes that are left.
      auto const bits = 8 * (5 - count);
      if (*part >> bits != 0) return std::nullopt;
      return IpAddress::v4(static_cast<std::uint32_t>(number << bits | *part));
    }
    if (*part > 255) return std::nullopt;
    number = number << 8 | *part;
    host.remove_prefix(dot + 1);
  }
  return std::nullopt;
}

}  // namespace

auto canonical_host(std::string_view text) -> Result<std::string> {
  if (text.size() > kMaxHost) return fail(ErrorCode::malformed, "the host {} is too long", quoted(text));
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    auto const inside = text.substr(1, text.size() - 2);
    TRY(auto const address, IpAddress::parse(inside));
    return inside.contains(':') ? Result<std::string>{address.to_string()}
                                : fail(ErrorCode::malformed, "{} is not an IPv6 address", quoted(text));
  }
  TRY(auto host, domain_to_ascii(percent_decoded(text)));
  if (!ends_in_number(host)) {
    TRY_VOID(check_domain(host));
    return host;
  }
  auto const address = read_loose_v4(host);
  if (!address) return fail(ErrorCode::malformed, "{} is not an IPv4 address", quoted(text));
  return address->to_string();
}

}  // namespace noroshi::model
