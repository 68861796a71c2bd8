// A condition on values, tested on their stored bytes: before anything is made of an entry.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/ports/indicator_store.hpp"

namespace noroshi::know::engine {

/// The same answer as model::meets() for what from_stored() gives, at some nanoseconds an entry. Immutable.
class StoredCondition {
public:
  explicit StoredCondition(model::IndicatorFilter const &filter);

  /// `type` and `value` as an entry has them.
  [[nodiscard]] auto meets(std::uint8_t type, std::string_view value) const -> bool {
    switch (plans_[type]) {
      case Plan::never: return false;
      case Plan::always: return true;
      case Plan::address: return is_inside(value);
      case Plan::block:
        return !value.empty() && static_cast<unsigned char>(value.front()) >= length_ && is_inside(value.substr(1));
      case Plan::domain: return is_below(value) && value.contains(needle_);
      case Plan::digits: return has_digits(value);
      case Plan::text: break;
    }
    return meets_whole(type, value);
  }

private:
  /// How values of a type are tested; digits: hashes, of whose hexadecimal digits some are looked for.
  enum class Plan : std::uint8_t { never, always, address, block, domain, digits, text };
  [[nodiscard]] auto plan_for(model::ValueType type) const -> Plan;
  [[nodiscard]] auto is_inside(std::string_view address) const -> bool;
  [[nodiscard]] auto is_below(std::string_view host) const -> bool;
  [[nodiscard]] auto has_digits(std::string_view bytes) const -> bool;
  [[nodiscard]] auto meets_whole(std::uint8_t type, std::string_view value) const -> bool;

  model::ValueCondition condition_;
  std::string needle_;           // in lower case, for what is stored so
  std::array<Plan, 256> plans_;  // by an entry's type
  // The block asked: what its addresses have in common.
  std::uint64_t high_ = 0, low_ = 0, high_mask_ = 0, low_mask_ = 0;
  std::size_t address_bytes_ = 0;
  unsigned length_ = 0;
};

}  // namespace noroshi::know::engine
