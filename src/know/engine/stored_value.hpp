// Values as the indicator store keeps them: shorter than their text where a type allows it, and found by a keyed hash.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/ip.hpp"
#include "model/value.hpp"

namespace noroshi::know::engine {

/// Secret bytes of one store, so that nobody can choose values whose hashes meet (XXH3 with a secret).
struct StoreKey {
  std::array<char, 192> secret{};
  static auto generate() -> StoreKey;
};

/// Of a canonical value. Blocks of addresses are hashed as (family, length, masked address): see hash_of_block(). URLs
/// that differ only in http or https have the same hash, as the one may answer for the other.
auto hash_of(StoreKey const &key, model::Value const &value) -> std::uint64_t;
auto hash_of(StoreKey const &key, model::ValueType type, std::string_view text) -> std::uint64_t;
auto hash_of_block(StoreKey const &key, model::IpAddress address, unsigned length) -> std::uint64_t;

/// Addresses, blocks and hashes as bytes, everything else as its text. `type` is the number of the value's type, with
/// the highest bit set where the text did not have its type's canonical form and is kept as it is.
struct StoredValue {
  std::uint8_t type = 0;
  std::string bytes;
};
auto to_stored(model::Value const &value) -> StoredValue;
/// The same for a value that is known to be canonical, without an allocation where it is short.
class StoredForm {
public:
  explicit StoredForm(model::Value const &canonical) : StoredForm(canonical.type, canonical.text) {}
  /// `canonical` outlives it.
  StoredForm(model::ValueType type, std::string_view canonical);
  [[nodiscard]] auto type() const -> std::uint8_t { return type_; }
  [[nodiscard]] auto bytes() const -> std::string_view {
    return in_place_ == 0 ? long_ : std::string_view{short_.data(), in_place_};
  }

private:
  std::uint8_t type_;
  std::size_t in_place_ = 0;  // bytes of short_
  std::array<char, 64> short_;
  std::string_view long_;
};
/// malformed for bytes that to_stored() does not give.
auto from_stored(std::uint8_t type, std::string_view bytes) -> Result<model::Value>;

}  // namespace noroshi::know::engine
