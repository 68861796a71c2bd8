#include "model/value.hpp"

#include <algorithm>
#include <optional>

#include "model/canonical.hpp"
#include "model/characters.hpp"
#include "model/ip.hpp"
#include "model/words.hpp"

namespace noroshi::model {

namespace {

constexpr auto kTypes = std::array{
    Word{ValueType::ip, "ip"},     Word{ValueType::cidr, "cidr"},     Word{ValueType::domain, "domain"},
    Word{ValueType::url, "url"},   Word{ValueType::email, "email"},   Word{ValueType::md5, "md5"},
    Word{ValueType::sha1, "sha1"}, Word{ValueType::sha256, "sha256"}, Word{ValueType::sha512, "sha512"},
};

auto hash_digits(ValueType type) -> std::size_t {
  switch (type) {
    case ValueType::md5: return 32;
    case ValueType::sha1: return 40;
    case ValueType::sha256: return 64;
    case ValueType::sha512: return 128;
    default: return 0;
  }
}

/// The type of hash that so many hexadecimal digits are; nothing where they are none.
auto hash_type(std::string_view text) -> std::optional<ValueType> {
  for (auto const type : {ValueType::md5, ValueType::sha1, ValueType::sha256, ValueType::sha512})
    if (text.size() == hash_digits(type) && canonical_hash(text, text.size())) return type;
  return std::nullopt;
}

/// An address and only digits behind a slash: a block, or a mistake in one, but no URL.
auto looks_like_cidr(std::string_view text) -> bool {
  auto const slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) return false;
  return std::ranges::all_of(text.substr(slash + 1), is_digit) && IpAddress::parse(text.substr(0, slash)).has_value();
}

/// What `text` can only be, judged by its signs; canonical() then says whether it is.
auto guess_type(std::string_view text) -> ValueType {
  if (auto const hash = hash_type(text)) return *hash;
  if (looks_like_cidr(text)) return ValueType::cidr;
  if (looks_like_url(text)) return ValueType::url;
  if (text.contains('@')) return ValueType::email;
  auto const may_be_address = text.contains(':') || std::ranges::none_of(text, is_letter);
  return may_be_address && canonical_ip(text) ? ValueType::ip : ValueType::domain;
}

auto canonical_text(ValueType type, std::string_view refanged) -> Result<std::string> {
  switch (type) {
    case ValueType::ip: return canonical_ip(refanged);
    case ValueType::cidr: return canonical_cidr(refanged);
    case ValueType::domain: return canonical_domain(refanged);
    case ValueType::url: return canonical_url(refanged);
    case ValueType::email: return canonical_email(refanged);
    case ValueType::md5:
    case ValueType::sha1:
    case ValueType::sha256:
    case ValueType::sha512: return canonical_hash(refanged, hash_digits(type));
  }
  return fail(ErrorCode::internal, "there is no type of value with number {}", static_cast<int>(type));
}

auto check_size(std::string_view text) -> Result<void> {
  if (text.size() <= kMaxValueBytes) return ok;
  return fail(ErrorCode::too_large, "{} has {} bytes; a value has at most {}", quoted(text), text.size(),
              kMaxValueBytes);
}

}  // namespace

auto to_string(ValueType type) -> std::string_view { return word_of(kTypes, type); }
auto parse_value_type(std::string_view text) -> Result<ValueType> {
  return parse_word(kTypes, text, "a type of value");
}

auto canonical(ValueType type, std::string_view text) -> Result<Value> {
  TRY_VOID(check_size(text));
  TRY(auto form, canonical_text(type, refang(text)));
  return Value{type, std::move(form)};
}

auto parse_value(std::string_view text) -> Result<Value> {
  TRY_VOID(check_size(text));
  auto const refanged = refang(text);
  if (refanged.empty()) return fail(ErrorCode::malformed, "there is no value in {}", quoted(text));
  auto const type = guess_type(refanged);
  TRY(auto form, canonical_text(type, refanged));
  return Value{type, std::move(form)};
}

}  // namespace noroshi::model
