#include "model/guess.hpp"

#include <algorithm>

#include "model/base58.hpp"
#include "model/canonical.hpp"
#include "model/characters.hpp"
#include "model/ip.hpp"
#include "model/words.hpp"

namespace noroshi::model {

namespace {

/// Words that other programs and people write, beside our own.
constexpr auto kOtherWords = std::array{
    Word{ValueType::ip, "ipv4"},
    Word{ValueType::ip, "ipv6"},
    Word{ValueType::file_name, "filename"},
    Word{ValueType::registry_key, "regkey"},
    Word{ValueType::asn, "as"},
    Word{ValueType::attack, "att&ck"},
    Word{ValueType::btc, "bitcoin"},
    Word{ValueType::eth, "ethereum"},
    Word{ValueType::xmr, "monero"},
};
constexpr auto kLongestWord = std::size_t{12};  // "registry_key"

/// The type of digest that so many hexadecimal digits are; nothing where they are none. Other 32 digits look the same
/// as an MD5: see look_alikes().
auto digest_type(std::string_view text) -> std::optional<ValueType> {
  for (auto const type : {ValueType::md5, ValueType::sha1, ValueType::sha256, ValueType::sha512})
    if (text.size() == hash_digits(type))
      return std::ranges::all_of(text, [](char c) { return hex_value(c) >= 0; }) ? std::optional{type} : std::nullopt;
  return std::nullopt;
}

/// An address and only digits behind a slash: a block, or a mistake in one, but no URL.
auto looks_like_cidr(std::string_view text) -> bool {
  auto const slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) return false;
  return std::ranges::all_of(text.substr(slash + 1), is_digit) && IpAddress::parse(text.substr(0, slash)).has_value();
}

/// "3:…:…": its hashes may hold slashes, so it is asked for before URLs, and may be an IPv6 address ("3::").
auto looks_like_ssdeep(std::string_view text) -> bool {
  auto const digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos || text[digits] != ':') return false;
  return canonical_ssdeep(text) && !canonical_ip(text);
}

/// An address of a wallet by its length and alphabet. No domain, having no dot, so a wrong checksum is told as such.
auto wallet_type(std::string_view text) -> std::optional<ValueType> {
  if (text.size() == 42 && lower(text.substr(0, 2)) == "0x") return ValueType::eth;
  auto const is_plain = std::ranges::all_of(text, [](char c) { return is_digit(c) || is_letter(c); });
  if (!is_plain || text.size() < 26) return std::nullopt;
  if (lower(text.substr(0, 3)) == "bc1") return ValueType::btc;
  if (text.size() <= 35 && (text.front() == '1' || text.front() == '3') && is_base58(text)) return ValueType::btc;
  auto const is_long = text.size() == 95 || text.size() == 106;
  if (is_long && (text.front() == '4' || text.front() == '8') && is_base58(text)) return ValueType::xmr;
  return std::nullopt;
}

/// Of texts that have their type's whole form. A refusal takes long to word, so what cannot be one is not asked.
auto registered_type(std::string_view text) -> std::optional<ValueType> {
  auto const size = text.size();
  if (size < 3 || size > 72 || hex_value(text.back()) < 0) return std::nullopt;
  if (size >= 70 && !text.contains('.')) return canonical_tlsh(text) ? std::optional{ValueType::tlsh} : std::nullopt;
  if (size == 36 && text[10] == '_' && text[23] == '_' && canonical_ja4(text)) return ValueType::ja4;
  if (!is_digit(text.back())) return std::nullopt;
  auto const begin = lower(text.substr(0, 3));
  if (begin.starts_with("as") && size <= 16 && canonical_asn(text)) return ValueType::asn;
  if (begin == "cve" && canonical_cve(text)) return ValueType::cve;
  if (size >= 5 && size <= 9 && is_letter(text.front()) && canonical_attack(text)) return ValueType::attack;
  return std::nullopt;
}

}  // namespace

auto hash_digits(ValueType type) -> std::size_t {
  switch (type) {
    case ValueType::md5:
    case ValueType::imphash:
    case ValueType::ja3:
    case ValueType::hassh: return 32;
    case ValueType::sha1: return 40;
    case ValueType::sha256: return 64;
    case ValueType::sha512: return 128;
    default: return 0;
  }
}

auto typed(std::string_view text) -> std::optional<Typed> {
  auto const colon = text.substr(0, kLongestWord + 1).find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto word = lower(text.substr(0, colon));
  std::ranges::replace(word, '-', '_');
  auto const rest = text.substr(colon + 1);
  for (auto const type : value_types())
    if (to_string(type) == word) return Typed{type, rest};
  auto const *const other = std::ranges::find(kOtherWords, word, &Word<ValueType>::text);
  return other == kOtherWords.end() ? std::nullopt : std::optional{Typed{other->value, rest}};
}

auto guess_type(std::string_view text) -> ValueType {
  if (auto const digest = digest_type(text)) return *digest;
  if (auto const registered = registered_type(text)) return *registered;
  if (auto const wallet = wallet_type(text)) return *wallet;
  if (looks_like_cidr(text)) return ValueType::cidr;
  if (looks_like_ssdeep(text)) return ValueType::ssdeep;
  if (looks_like_url(text)) return ValueType::url;
  if (text.contains('@')) return ValueType::email;
  auto const may_be_address = text.contains(':') || std::ranges::none_of(text, is_letter);
  return may_be_address && canonical_ip(text) ? ValueType::ip : ValueType::domain;
}

}  // namespace noroshi::model
