#include "know/engine/stored_value.hpp"

#include <algorithm>
#include <optional>

#include <sodium.h>
#define XXH_INLINE_ALL  // values are short: a call into the library costs as much as the hash
#include <xxhash.h>

#include "base/bytes.hpp"
#include "model/probes.hpp"

namespace noroshi::know::engine {

namespace {

using model::IpAddress;
using model::IpPrefix;
using model::ValueType;

constexpr auto kAsText = std::uint8_t{0x80};
// One odd number a type: the same text may be a domain and a file name. Types that look alike share one.
constexpr auto kTypeStep = std::uint64_t{0x9e37'79b9'7f4a'7c15};
constexpr auto kV4Bytes = std::size_t{4};
constexpr auto kV6Bytes = std::size_t{16};

auto keyed(StoreKey const &key, ValueType type, std::string_view bytes) -> std::uint64_t {
  auto const hash = ::XXH3_64bits_withSecret(bytes.data(), bytes.size(), key.secret.data(), key.secret.size());
  return hash ^ (static_cast<std::uint64_t>(model::hashed_as(type)) * kTypeStep);
}

auto address_bytes(IpAddress address) -> std::string {
  auto bytes = std::string{};
  if (address.is_v4()) {
    append_be(bytes, static_cast<std::uint32_t>(address.low()));
  } else {
    append_be(bytes, address.high());
    append_be(bytes, address.low());
  }
  return bytes;
}

auto address_of(std::string_view bytes) -> std::optional<IpAddress> {
  if (bytes.size() == kV4Bytes) return IpAddress::v4(load_be<std::uint32_t>(bytes.data()));
  if (bytes.size() == kV6Bytes)
    return IpAddress{load_be<std::uint64_t>(bytes.data()), load_be<std::uint64_t>(bytes.data() + 8)};
  return std::nullopt;
}

auto is_hex_digit(char c) -> bool { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

auto is_hash(ValueType type) -> bool {
  return (type >= ValueType::md5 && type <= ValueType::sha512) || model::hashed_as(type) == ValueType::md5;
}

/// The shorter form; nothing where the text is not what its type's canonical form is.
auto shortened(ValueType type, std::string_view text) -> std::optional<std::string> {
  if (type == ValueType::ip) {
    auto const address = IpAddress::parse(text);
    if (address && address->to_string() == text) return address_bytes(*address);
  } else if (type == ValueType::cidr) {
    auto const block = IpPrefix::parse(text);
    if (block && block->to_string() == text)
      return static_cast<char>(block->length()) + address_bytes(block->address());
  } else if (is_hash(type)) {
    if (text.size() % 2 == 0 && std::ranges::all_of(text, is_hex_digit)) return *from_hex(text);
  }
  return std::nullopt;
}

auto text_of(ValueType type, std::string_view bytes) -> std::optional<std::string> {
  if (type == ValueType::ip) {
    auto const address = address_of(bytes);
    return address ? std::optional{address->to_string()} : std::nullopt;
  }
  if (type == ValueType::cidr) {
    if (bytes.empty()) return std::nullopt;
    auto const address = address_of(bytes.substr(1));
    auto const length = static_cast<unsigned char>(bytes.front());
    if (!address || length > (address->is_v4() ? 32U : 128U)) return std::nullopt;
    return IpPrefix::of(*address, length).to_string();
  }
  return is_hash(type) ? to_hex(bytes) : std::string{bytes};
}

}  // namespace

auto StoreKey::generate() -> StoreKey {
  auto key = StoreKey{};
  ::randombytes_buf(key.secret.data(), key.secret.size());
  return key;
}

auto hash_of(StoreKey const &key, ValueType type, std::string_view text) -> std::uint64_t {
  if (type == ValueType::cidr)
    if (auto const block = IpPrefix::parse(text)) return hash_of_block(key, block->address(), block->length());
  if (type == ValueType::url && text.starts_with("http")) {
    auto const rest = text.substr(text.size() > 4 && text[4] == 's' ? 5 : 4);
    if (rest.starts_with("://")) return keyed(key, type, rest);
  }
  return keyed(key, type, text);
}

auto hash_of(StoreKey const &key, model::Value const &value) -> std::uint64_t {
  return hash_of(key, value.type, value.text);
}

auto hash_of_block(StoreKey const &key, IpAddress address, unsigned length) -> std::uint64_t {
  auto const block = IpPrefix::of(address, length);
  auto bytes = std::array<char, 18>{};
  bytes[0] = address.is_v4() ? 4 : 6;
  bytes[1] = static_cast<char>(length);
  auto const raw = block.address().bytes();
  std::ranges::copy(raw, bytes.begin() + 2);
  return keyed(key, ValueType::cidr, {bytes.data(), bytes.size()});
}

auto to_stored(model::Value const &value) -> StoredValue {
  auto const type = static_cast<std::uint8_t>(value.type);
  if (value.type != ValueType::ip && value.type != ValueType::cidr && !is_hash(value.type)) return {type, value.text};
  if (auto bytes = shortened(value.type, value.text)) return {type, *std::move(bytes)};
  return {static_cast<std::uint8_t>(type | kAsText), value.text};
}

StoredForm::StoredForm(ValueType type, std::string_view canonical)
    : type_(static_cast<std::uint8_t>(type)), long_(canonical) {
  auto const digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  auto const keep = [&](std::string_view bytes) {
    std::ranges::copy(bytes, short_.begin());
    in_place_ = bytes.size();
  };
  if (type == ValueType::ip || type == ValueType::cidr) {
    auto const address = type == ValueType::ip ? IpAddress::parse(canonical) : Result<IpAddress>{IpAddress{}};
    auto const bytes = type == ValueType::ip ? (address ? std::optional{address_bytes(*address)} : std::nullopt)
                                             : shortened(type, canonical);
    if (bytes)
      keep(*bytes);
    else
      type_ |= kAsText;
  } else if (is_hash(type)) {
    if (canonical.size() % 2 != 0 || canonical.size() > 2 * short_.size() ||
        !std::ranges::all_of(canonical, is_hex_digit)) {
      type_ |= kAsText;
      return;
    }
    for (auto i = std::size_t{0}; i + 1 < canonical.size(); i += 2)
      short_[in_place_++] = static_cast<char>(digit(canonical[i]) << 4 | digit(canonical[i + 1]));
  }
}

auto from_stored(std::uint8_t type, std::string_view bytes) -> Result<model::Value> {
  auto const of = static_cast<ValueType>(type & ~kAsText);
  if ((type & kAsText) != 0) return model::Value{of, std::string{bytes}};
  auto text = text_of(of, bytes);
  if (!text) return fail(ErrorCode::malformed, "a stored value of {} bytes is no {}", bytes.size(), to_string(of));
  return model::Value{of, *std::move(text)};
}

}  // namespace noroshi::know::engine
