#include "know/engine/stored_condition.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "know/engine/stored_value.hpp"
#include "model/probes.hpp"

namespace noroshi::know::engine {

namespace {

using model::ValueType;

constexpr auto kAsText = std::uint8_t{0x80};
constexpr auto kDigits = std::string_view{"0123456789abcdef"};

/// Types that are stored as bytes (stored_value.cpp).
auto is_hash(ValueType type) -> bool {
  return (type >= ValueType::md5 && type <= ValueType::sha512) || model::hashed_as(type) == ValueType::md5;
}

auto lowered(std::string text) -> std::string {
  for (auto &letter : text) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  return text;
}

auto only_of(std::string_view text, std::string_view characters) -> bool {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

/// The highest `bits` of 64.
auto mask_of(unsigned bits) -> std::uint64_t { return bits == 0 ? 0 : ~std::uint64_t{0} << (64 - std::min(bits, 64U)); }

}  // namespace

StoredCondition::StoredCondition(model::IndicatorFilter const &filter)
    : condition_(filter.value), needle_(lowered(filter.value.containing)) {
  if (condition_.in) {
    auto const address = condition_.in->address();
    length_ = condition_.in->length();
    address_bytes_ = address.is_v4() ? 4 : 16;
    auto const bits = address.is_v4() ? 96 + length_ : length_;
    high_mask_ = mask_of(bits);
    low_mask_ = bits <= 64 ? 0 : mask_of(bits - 64);
    high_ = address.high() & high_mask_;
    low_ = address.low() & low_mask_;
  }
  for (auto number = std::size_t{0}; number < plans_.size(); ++number) {
    auto const type = static_cast<ValueType>(number & ~std::size_t{kAsText});
    auto const wanted = filter.types.empty() || std::ranges::find(filter.types, type) != filter.types.end();
    auto const plan = wanted ? plan_for(type) : Plan::never;
    auto const as_text = (number & kAsText) != 0 && plan != Plan::never && plan != Plan::always;
    plans_[number] = as_text ? Plan::text : plan;
  }
}

auto StoredCondition::plan_for(ValueType type) const -> Plan {
  if (condition_.is_empty()) return Plan::always;
  auto const has_host = type == ValueType::domain || type == ValueType::url || type == ValueType::email;
  auto const is_address = type == ValueType::ip || type == ValueType::cidr;
  if ((!condition_.below.empty() && !has_host) || (condition_.in && !is_address)) return Plan::never;
  if (type == ValueType::domain) return Plan::domain;
  if (is_address && !only_of(needle_, "0123456789abcdef.:/")) return Plan::never;
  if (is_address && condition_.containing.empty()) return type == ValueType::ip ? Plan::address : Plan::block;
  if (is_hash(type)) return only_of(needle_, kDigits) ? Plan::digits : Plan::never;
  return Plan::text;
}

auto StoredCondition::is_inside(std::string_view address) const -> bool {
  if (address.size() != address_bytes_) return false;
  if (address.size() == 4) return ((load_be<std::uint32_t>(address.data()) ^ low_) & low_mask_ & 0xffff'ffffU) == 0;
  return ((load_be<std::uint64_t>(address.data()) ^ high_) & high_mask_) == 0 &&
         ((load_be<std::uint64_t>(address.data() + 8) ^ low_) & low_mask_) == 0;
}

auto StoredCondition::is_below(std::string_view host) const -> bool {
  return condition_.below.empty() || model::is_at_or_below(host, condition_.below);
}

/// Hexadecimal digits are made of the bytes; the longest hash has 128.
auto StoredCondition::has_digits(std::string_view bytes) const -> bool {
  auto digits = std::array<char, 128>{};
  auto const count = std::min(bytes.size(), digits.size() / 2);
  if (needle_.size() > 2 * count) return false;
  for (auto i = std::size_t{0}; i < count; ++i) {
    auto const byte = static_cast<unsigned char>(bytes[i]);
    digits[2 * i] = kDigits[byte >> 4];
    digits[2 * i + 1] = kDigits[byte & 15];
  }
  return std::string_view{digits.data(), 2 * count}.contains(needle_);
}

auto StoredCondition::meets_whole(std::uint8_t type, std::string_view value) const -> bool {
  auto const of = static_cast<ValueType>(type & ~kAsText);
  // Text as it stands needs no copy; a needle in no case at all is found in no text.
  if (of == ValueType::url || of == ValueType::email) {
    if (!is_below(model::host_of(of, value))) return false;
    return condition_.containing.empty() || model::contains_text(of, value, condition_.containing);
  }
  auto const whole = from_stored(type, value);
  return whole && model::meets(condition_, *whole);
}

}  // namespace noroshi::know::engine
