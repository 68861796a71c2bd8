#include "model/canonical_fast.hpp"

#include <algorithm>
#include <array>

#include "model/characters.hpp"

namespace noroshi::model {
namespace {

constexpr auto kMaxDomain = std::size_t{253};
constexpr auto kMaxLabel = std::size_t{63};
constexpr auto kHexDigits = CharacterSet{"0123456789abcdef"};
constexpr auto kLabel = CharacterSet{"abcdefghijklmnopqrstuvwxyz0123456789-_"};
// What stands in a canonical URL unescaped, but for what refanging looks at: quotes and brackets.
constexpr auto kPath = CharacterSet{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&*+,;=:@/"};
constexpr auto kQuery = CharacterSet{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&*+,;=:@/?"};

/// Top-level domains under which most names stand; none is an ending of files too. Others take the long way.
constexpr auto kCommon = std::to_array<std::string_view>({
    "ae",  "app",  "ar",  "at", "au",  "be",   "biz",  "br",   "ca",     "cc",      "ch", "cl",   "click", "club",
    "cn",  "co",   "com", "cz", "de",  "dev",  "dk",   "edu",  "es",     "eu",      "fi", "fr",   "gov",   "gr",
    "hk",  "hu",   "icu", "id", "ie",  "il",   "in",   "info", "io",     "ir",      "it", "jp",   "kr",    "live",
    "me",  "mobi", "mx",  "my", "net", "nl",   "no",   "nz",   "online", "org",     "pl", "pro",  "pt",    "pw",
    "ro",  "ru",   "sa",  "se", "sg",  "shop", "site", "sk",   "space",  "store",   "su", "tech", "th",    "tk",
    "top", "tr",   "tv",  "tw", "ua",  "uk",   "us",   "vip",  "vn",     "website", "ws", "xyz",  "za",
});
static_assert(std::ranges::is_sorted(kCommon));

/// A dotted quad without leading zeros.
auto is_v4(std::string_view text) -> bool {
  auto const *at = text.data();
  auto const *const end = at + text.size();
  for (auto part = 0; part < 4; ++part) {
    if (part > 0 && (at == end || *at++ != '.')) return false;
    auto const *const first = at;
    auto value = 0U;
    while (at != end && is_digit(*at) && at - first < 4) value = value * 10 + static_cast<unsigned>(*at++ - '0');
    if (at == first || value > 255 || (at - first > 1 && *first == '0')) return false;
  }
  return at == end;
}

auto is_domain(std::string_view text) -> bool {
  if (text.size() > kMaxDomain) return false;
  auto start = std::size_t{0};  // of the label
  for (auto at = std::size_t{0}; at <= text.size(); ++at) {
    if (at < text.size() && kLabel.contains(text[at])) continue;
    if (at < text.size() && text[at] != '.') return false;
    if (at == start || at - start > kMaxLabel || text[start] == '-' || text[at - 1] == '-') return false;
    if (at == text.size()) break;
    start = at + 1;
  }
  return start > 0 && std::ranges::binary_search(kCommon, text.substr(start));
}

auto is_all(std::string_view text, CharacterSet const &of) -> bool {
  return std::ranges::all_of(text, [&](char character) { return of.contains(character); });
}

auto is_url(std::string_view text) -> bool {
  if (!text.starts_with("http")) return false;
  text.remove_prefix(4);
  if (text.starts_with('s')) text.remove_prefix(1);
  if (!text.starts_with("://")) return false;
  text.remove_prefix(3);
  auto const slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  auto const host = text.substr(0, slash);
  if (!is_domain(host) && !is_v4(host)) return false;
  auto const question = text.find('?', slash);
  auto const path = text.substr(slash, question - slash);
  // "." and ".." would be taken out of a path.
  if (!is_all(path, kPath) || path.contains("/.")) return false;
  return question == std::string_view::npos ||
         (question + 1 < text.size() && is_all(text.substr(question + 1), kQuery));
}

}  // namespace

auto fast_type(std::string_view text) -> std::optional<ValueType> {
  if (text.size() > kMaxValueBytes || text.size() < 4) return std::nullopt;
  if ((text.size() == 32 || text.size() == 40 || text.size() == 64) && is_all(text, kHexDigits))
    return text.size() == 32 ? ValueType::md5 : text.size() == 40 ? ValueType::sha1 : ValueType::sha256;
  if (is_v4(text)) return ValueType::ip;
  if (is_domain(text)) return ValueType::domain;
  if (is_url(text)) return ValueType::url;
  return std::nullopt;
}

auto parse_value_fast(std::string_view text) -> Result<Value> {
  if (auto const type = fast_type(text)) return Value{*type, std::string{text}};
  return parse_value(text);
}

}  // namespace noroshi::model
