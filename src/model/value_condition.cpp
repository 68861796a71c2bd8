#include "model/value_condition.hpp"

#include <algorithm>

#include "model/characters.hpp"

namespace noroshi::model {
namespace {

// Nobody remembers more of a value; and a longer one would be asked as a value.
constexpr auto kMaxNeedle = std::size_t{256};

auto is_among(ValueType type, std::initializer_list<ValueType> types) -> bool {
  return std::ranges::find(types, type) != types.end();
}

/// Types whose canonical form is in lower case throughout, and those in upper case (docs/reference/canonical.md).
auto is_lower(ValueType type) -> bool {
  using enum ValueType;
  return is_among(type, {ip, cidr, domain, md5, sha1, sha256, sha512, imphash, ja3, hassh, registry_key, eth});
}
auto is_upper(ValueType type) -> bool {
  using enum ValueType;
  return is_among(type, {tlsh, asn, cve, attack});
}

auto uppered(std::string_view text) -> std::string {
  auto upper = std::string{text};
  for (auto &letter : upper) letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
  return upper;
}

auto is_inside(IpPrefix const &block, Value const &value) -> bool {
  if (value.type == ValueType::ip) {
    auto const address = IpAddress::parse(value.text);
    return address && block.contains(*address);
  }
  if (value.type != ValueType::cidr) return false;
  auto const inner = IpPrefix::parse(value.text);
  return inner && inner->address().is_v4() == block.address().is_v4() && inner->length() >= block.length() &&
         block.contains(inner->address());
}

auto parse_range(std::string_view text) -> Result<IpPrefix> {
  auto const value = parse_value(text);
  if (value && value->type == ValueType::cidr) return IpPrefix::parse(value->text);
  if (value && value->type == ValueType::ip) {
    TRY(auto const address, IpAddress::parse(value->text));
    return IpPrefix::of(address, address.is_v4() ? 32 : 128);
  }
  return fail(ErrorCode::malformed, "in: {} is no block of addresses, as in 192.0.2.0/24 or 2001:db8::/32",
              quoted(text));
}

auto parse_name(std::string_view text) -> Result<std::string> {
  auto name = text;
  if (name.starts_with("*.")) name.remove_prefix(1);
  if (name.starts_with('.')) name.remove_prefix(1);
  auto domain = canonical(ValueType::domain, name);
  if (domain) return std::move(domain->text);
  return fail(ErrorCode::malformed, "below: {}", domain.error().sentence);
}

}  // namespace

auto host_of(ValueType type, std::string_view text) -> std::string_view {
  if (type == ValueType::domain) return text;
  if (type == ValueType::url) return split_url(text).host;
  if (type == ValueType::email) return text.substr(std::min(text.size(), text.rfind('@') + 1));
  return {};
}

auto folded_part(ValueType type, std::string_view text) -> std::pair<std::size_t, std::size_t> {
  if (is_lower(type) || is_upper(type)) return {0, text.size()};
  if (type != ValueType::url && type != ValueType::email) return {0, 0};
  auto const host = host_of(type, text);
  auto const first = static_cast<std::size_t>(host.data() - text.data());
  return {type == ValueType::url ? 0 : first, first + host.size()};
}

auto contains_text(ValueType type, std::string_view text, std::string_view needle) -> bool {
  if (text.contains(needle)) return true;
  if (is_upper(type)) return text.contains(uppered(needle));
  // Everything else that folds is stored in lower case.
  if (std::ranges::none_of(needle, [](char letter) { return letter != lower(letter); })) return false;
  auto const [first, last] = folded_part(type, text);
  for (auto at = std::size_t{0}; at + needle.size() <= text.size(); ++at) {
    auto const same = [&](std::size_t i) {
      auto const folds = at + i >= first && at + i < last;
      return text[at + i] == needle[i] || (folds && text[at + i] == lower(needle[i]));
    };
    auto i = std::size_t{0};
    while (i < needle.size() && same(i)) ++i;
    if (i == needle.size()) return true;
  }
  return false;
}

auto is_at_or_below(std::string_view host, std::string_view domain) -> bool {
  if (!host.ends_with(domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

auto meets(ValueCondition const &condition, Value const &value) -> bool {
  if (condition.in && !is_inside(*condition.in, value)) return false;
  if (!condition.below.empty() && !is_at_or_below(host_of(value.type, value.text), condition.below)) return false;
  return condition.containing.empty() || contains_text(value.type, value.text, condition.containing);
}

auto parse_condition(std::string_view in, std::string_view below, std::string_view containing)
    -> Result<ValueCondition> {
  auto condition = ValueCondition{};
  if (!in.empty()) {
    TRY(condition.in, parse_range(in));
  }
  if (!below.empty()) {
    TRY(condition.below, parse_name(below));
  }
  if (containing.size() > kMaxNeedle)
    return fail(ErrorCode::too_large, "containing: a text of {} bytes; at most {} are looked for", containing.size(),
                kMaxNeedle);
  condition.containing = std::string{containing};
  return condition;
}

}  // namespace noroshi::model
