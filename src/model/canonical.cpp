// Canonical forms of addresses, blocks, e-mail addresses and hashes; domains and URLs have files of their own.
#include "model/canonical.hpp"

#include <algorithm>
#include <charconv>

#include "model/characters.hpp"
#include "model/ip.hpp"

namespace noroshi::model {

namespace {

constexpr auto kMaxLocalPart = std::size_t{64};  // RFC 5321 section 4.5.3.1
constexpr auto kMaxEmail = std::size_t{254};

/// The atoms of RFC 5322 but for "/", "?" and "#", which would read as a URL. Dots stand anywhere: Japanese carriers
/// gave out addresses with two in a row and one at the end.
auto is_local_character(char character) -> bool {
  return is_letter(character) || is_digit(character) || std::string_view{".!$%&'*+-=^_`{|}~"}.contains(character);
}

/// "[2001:db8::1]", "[2001:db8::1]:443", "192.0.2.1:443", "192.0.2.1." → the address alone.
auto bare_address(std::string_view text) -> std::string_view {
  if (text.starts_with('[')) {
    auto const close = text.find(']');
    if (close == std::string_view::npos) return text;
    auto const after = text.substr(close + 1);
    auto const plain = after.empty() || (after.front() == ':' && parse_port(after.substr(1)));
    return plain ? text.substr(1, close - 1) : text;
  }
  text = without_port(text);
  if (text.ends_with('.')) text.remove_suffix(1);  // the end of a sentence
  return text;
}

}  // namespace

auto parse_port(std::string_view digits) -> std::optional<std::uint16_t> {
  if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
  auto port = std::uint16_t{0};
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc{} ? std::optional{port} : std::nullopt;
}

auto without_port(std::string_view text) -> std::string_view {
  auto const colon = text.find(':');
  if (colon == std::string_view::npos || !parse_port(text.substr(colon + 1))) return text;
  return text.substr(0, colon);
}

auto canonical_ip(std::string_view text) -> Result<std::string> {
  if (auto const whole = std::string_view{text.contains(':') ? "/128" : "/32"}; text.ends_with(whole))
    text.remove_suffix(whole.size());
  TRY(auto const address, IpAddress::parse(bare_address(text)));
  return address.to_string();
}

auto canonical_cidr(std::string_view text) -> Result<std::string> {
  TRY(auto const prefix, IpPrefix::parse(text));
  return prefix.to_string();
}

auto canonical_email(std::string_view text) -> Result<std::string> {
  constexpr auto kScheme = std::string_view{"mailto:"};
  if (lower(text.substr(0, kScheme.size())) == kScheme) text.remove_prefix(kScheme.size());
  auto const at = text.rfind('@');
  if (at == std::string_view::npos)
    return fail(ErrorCode::malformed, "{} is not an e-mail address: it has no @", quoted(text));
  auto const local = text.substr(0, at);
  if (local.empty() || local.size() > kMaxLocalPart || !std::ranges::all_of(local, is_local_character))
    return fail(ErrorCode::malformed,
                "{} is not an e-mail address: before the @ stand 1 to 64 letters, digits and signs", quoted(text));
  TRY(auto const domain, domain_to_ascii(text.substr(at + 1)));
  TRY_VOID(check_domain(domain));
  auto email = fmt::format("{}@{}", local, domain);
  if (email.size() > kMaxEmail)
    return fail(ErrorCode::malformed, "{} is not an e-mail address: it is longer than 254 characters", quoted(email));
  return email;
}

auto canonical_hash(std::string_view text, std::size_t digits) -> Result<std::string> {
  auto const is_hex = std::ranges::all_of(text, [](char character) { return hex_value(character) >= 0; });
  if (text.size() != digits || !is_hex)
    return fail(ErrorCode::malformed, "{} is not {} hexadecimal digits", quoted(text), digits);
  return lower(text);
}

}  // namespace noroshi::model
