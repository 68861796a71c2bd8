#include "model/value.hpp"

#include <array>
#include <optional>

#include "model/canonical.hpp"
#include "model/characters.hpp"
#include "model/guess.hpp"
#include "model/words.hpp"

namespace noroshi::model {

namespace {

// In the order of their numbers.
constexpr auto kTypes = std::array{
    Word{ValueType::ip, "ip"},
    Word{ValueType::cidr, "cidr"},
    Word{ValueType::domain, "domain"},
    Word{ValueType::url, "url"},
    Word{ValueType::email, "email"},
    Word{ValueType::md5, "md5"},
    Word{ValueType::sha1, "sha1"},
    Word{ValueType::sha256, "sha256"},
    Word{ValueType::sha512, "sha512"},
    Word{ValueType::ssdeep, "ssdeep"},
    Word{ValueType::tlsh, "tlsh"},
    Word{ValueType::imphash, "imphash"},
    Word{ValueType::ja3, "ja3"},
    Word{ValueType::ja4, "ja4"},
    Word{ValueType::hassh, "hassh"},
    Word{ValueType::asn, "asn"},
    Word{ValueType::file_name, "file_name"},
    Word{ValueType::registry_key, "registry_key"},
    Word{ValueType::mutex, "mutex"},
    Word{ValueType::user_agent, "user_agent"},
    Word{ValueType::cve, "cve"},
    Word{ValueType::attack, "attack"},
    Word{ValueType::btc, "btc"},
    Word{ValueType::eth, "eth"},
    Word{ValueType::xmr, "xmr"},
};

/// Types whose text is taken as it is written: what looks defanged in it may be the thing itself.
auto is_literal(ValueType type) -> bool {
  return type == ValueType::file_name || type == ValueType::registry_key || type == ValueType::mutex ||
         type == ValueType::user_agent;
}

auto canonical_text(ValueType type, std::string_view text) -> Result<std::string> {
  switch (type) {
    case ValueType::ip: return canonical_ip(text);
    case ValueType::cidr: return canonical_cidr(text);
    case ValueType::domain: return canonical_domain(text);
    case ValueType::url: return canonical_url(text);
    case ValueType::email: return canonical_email(text);
    case ValueType::md5:
    case ValueType::sha1:
    case ValueType::sha256:
    case ValueType::sha512:
    case ValueType::imphash:
    case ValueType::ja3:
    case ValueType::hassh: return canonical_hash(text, hash_digits(type));
    case ValueType::ssdeep: return canonical_ssdeep(text);
    case ValueType::tlsh: return canonical_tlsh(text);
    case ValueType::ja4: return canonical_ja4(text);
    case ValueType::asn: return canonical_asn(text);
    case ValueType::file_name: return canonical_name(text, "a file's name");
    case ValueType::registry_key: return canonical_registry_key(text);
    case ValueType::mutex: return canonical_name(text, "a mutex");
    case ValueType::user_agent: return canonical_name(text, "a user agent");
    case ValueType::cve: return canonical_cve(text);
    case ValueType::attack: return canonical_attack(text);
    case ValueType::btc: return canonical_btc(text);
    case ValueType::eth: return canonical_eth(text);
    case ValueType::xmr: return canonical_xmr(text);
  }
  return fail(ErrorCode::internal, "there is no type of value with number {}", static_cast<int>(type));
}

auto check_size(std::string_view text) -> Result<void> {
  if (text.size() <= kMaxValueBytes) return ok;
  return fail(ErrorCode::too_large, "{} has {} bytes; a value has at most {}", quoted(text), text.size(),
              kMaxValueBytes);
}

/// The type that can be told before the text is refanged, which would spoil it.
auto literal_type(std::string_view text) -> std::optional<ValueType> {
  constexpr auto kBrowser = std::string_view{"mozilla/"};  // what nearly every user agent begins with
  if (looks_like_registry_key(text)) return ValueType::registry_key;
  if (lower(text.substr(0, kBrowser.size())) == kBrowser) return ValueType::user_agent;
  return std::nullopt;
}

/// A block of one address is that address: firewalls and access lists write hosts so.
auto made_of(ValueType type, std::string form) -> Value {
  if (type == ValueType::cidr) {
    auto const whole = std::string_view{form.contains(':') ? "/128" : "/32"};
    if (form.ends_with(whole)) return {ValueType::ip, form.substr(0, form.size() - whole.size())};
  }
  return {type, std::move(form)};
}

}  // namespace

auto value_types() -> std::span<ValueType const> {
  static constexpr auto kAll = [] {
    auto all = std::array<ValueType, kTypes.size()>{};
    for (auto i = std::size_t{0}; i < all.size(); ++i) all[i] = kTypes[i].value;
    return all;
  }();
  return kAll;
}

auto to_string(ValueType type) -> std::string_view { return word_of(kTypes, type); }

auto parse_value_type(std::string_view text) -> Result<ValueType> {
  return parse_word(kTypes, text, "a type of value");
}

auto canonical(ValueType type, std::string_view text) -> Result<Value> {
  TRY_VOID(check_size(text));
  TRY(auto form, is_literal(type) ? canonical_text(type, text) : canonical_text(type, refang(text)));
  return made_of(type, std::move(form));
}

auto parse_value(std::string_view text) -> Result<Value> {
  auto const bare = unquoted(text);
  if (auto const named = typed(bare)) return canonical(named->type, named->rest);
  TRY_VOID(check_size(text));
  if (auto const type = literal_type(bare)) return canonical(*type, bare);
  auto const refanged = refang(text);
  if (refanged.empty()) return fail(ErrorCode::malformed, "there is no value in {}", quoted(text));
  auto const type = guess_type(refanged);
  TRY(auto form, canonical_text(type, refanged));
  return made_of(type, std::move(form));
}

auto to_text(Value const &value) -> std::string {
  // Their forms are found again by construction; value_property_test holds that to be so.
  if (value.type <= ValueType::sha512) return value.text;
  auto const found = parse_value(value.text);
  if (found && *found == value) return value.text;
  return fmt::format("{}:{}", to_string(value.type), value.text);
}

}  // namespace noroshi::model
