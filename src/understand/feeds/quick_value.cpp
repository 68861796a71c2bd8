#include "understand/feeds/quick_value.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>

#include "model/characters.hpp"
#include "model/domain_names.hpp"

namespace noroshi::understand {

namespace {

using model::ValueType;

constexpr auto kMaxDomain = std::size_t{253};
constexpr auto kMaxLabel = std::size_t{63};
constexpr auto kMaxAddress = std::size_t{21};  // 255.255.255.255:65535

/// A number up to `most` without leading zeros at `at`, which goes behind it; -1 where there is none.
auto decimal(std::string_view text, std::size_t &at, int most) -> int {
  auto const first = at;
  auto number = 0;
  while (at < text.size() && model::is_digit(text[at])) {
    number = number * 10 + (text[at++] - '0');
    if (number > most) return -1;
  }
  if (at == first || (text[first] == '0' && at > first + 1)) return -1;
  return number;
}

/// An IPv4 address in dotted decimal, maybe with a port.
auto address(std::string_view text) -> std::optional<std::string_view> {
  if (text.size() > kMaxAddress || !model::is_digit(text.front())) return std::nullopt;
  auto at = std::size_t{0};
  for (auto part = 0; part < 4; ++part) {
    if (part > 0 && (at >= text.size() || text[at++] != '.')) return std::nullopt;
    if (decimal(text, at, 255) < 0) return std::nullopt;
  }
  if (at == text.size()) return text;
  auto const end = at;
  if (text[at++] != ':' || decimal(text, at, 65535) < 0 || at != text.size()) return std::nullopt;
  return text.substr(0, end);
}

auto hash_type(std::size_t digits) -> std::optional<ValueType> {
  switch (digits) {
    case 32: return ValueType::md5;
    case 40: return ValueType::sha1;
    case 64: return ValueType::sha256;
    case 128: return ValueType::sha512;
    default: return std::nullopt;
  }
}

auto is_lower_hex(char c) -> bool { return model::is_digit(c) || (c >= 'a' && c <= 'f'); }

/// Top-level domains seen so far, and whether the public suffix list has them. Lists repeat a few hundred.
auto is_known_top_level(std::string_view label) -> bool {
  struct Hash {
    using is_transparent = void;
    auto operator()(std::string_view text) const -> std::size_t { return std::hash<std::string_view>{}(text); }
  };
  constexpr auto kMaxKnown = std::size_t{4096};  // there are 1,500; the rest is garbage
  thread_local auto known = std::unordered_map<std::string, bool, Hash, std::equal_to<>>{};
  if (auto const found = known.find(label); found != known.end()) return found->second;
  auto const is_known = model::is_public_suffix(label);
  if (known.size() < kMaxKnown) known.emplace(label, is_known);
  return is_known;
}

constexpr auto kLabelCharacters = model::CharacterSet{"abcdefghijklmnopqrstuvwxyz0123456789-_"};

/// Lower-case letters, digits, hyphens and underscores between dots. Punycode is left to the general way.
auto is_plain_domain(std::string_view text) -> bool {
  if (text.size() > kMaxDomain) return false;
  auto first = std::size_t{0};
  for (auto at = std::size_t{0};; ++at) {
    if (at < text.size() && text[at] != '.') {
      if (!kLabelCharacters.contains(text[at])) return false;
      continue;
    }
    auto const label = text.substr(first, at - first);
    if (label.empty() || label.size() > kMaxLabel || label.front() == '-' || label.back() == '-') return false;
    if (label.size() > 3 && label[2] == '-' && label[3] == '-') return false;
    if (at < text.size()) {
      first = at + 1;
      continue;
    }
    auto const is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    // Onion names have forms of their own.
    return first > 0 && label != "onion" && std::ranges::all_of(label, is_letter) && is_known_top_level(label);
  }
}

}  // namespace

auto quick_value(std::string_view text, std::optional<ValueType> wanted) -> std::optional<QuickValue> {
  if (text.empty()) return std::nullopt;
  if (!wanted || *wanted == ValueType::ip)
    if (auto const found = address(text)) return QuickValue{ValueType::ip, *found};
  if (auto const hash = hash_type(text.size()); hash && (!wanted || wanted == hash))
    if (std::ranges::all_of(text, is_lower_hex)) return QuickValue{*hash, text};
  if ((!wanted || *wanted == ValueType::domain) && is_plain_domain(text)) return QuickValue{ValueType::domain, text};
  return std::nullopt;
}

}  // namespace noroshi::understand
