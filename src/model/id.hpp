// Identifiers, one type each, so that one is never taken for another.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace noroshi::model {

/// UUIDv7 (RFC 9562): time-ordered, 48 bits of milliseconds, 74 random bits.
class Uuid {
public:
  constexpr Uuid() = default;
  constexpr Uuid(std::uint64_t high, std::uint64_t low) : high_(high), low_(low) {}
  /// `random` is any pair of random 64-bit numbers.
  static auto v7(Time time, std::uint64_t random_high, std::uint64_t random_low) -> Uuid;
  /// A fresh one, from the system clock and the kernel's random source.
  static auto generate() -> Uuid;
  static auto parse(std::string_view text) -> Result<Uuid>;
  [[nodiscard]] auto to_string() const -> std::string;
  [[nodiscard]] constexpr auto high() const -> std::uint64_t { return high_; }
  [[nodiscard]] constexpr auto low() const -> std::uint64_t { return low_; }
  [[nodiscard]] constexpr auto is_nil() const -> bool { return high_ == 0 && low_ == 0; }
  auto operator<=>(Uuid const &) const = default;

private:
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

/// Tag makes ids of different things different types.
template <class Tag>
struct NumberedId {
  std::int64_t number = 0;
  auto operator<=>(NumberedId const &) const = default;
};

using VisitId = Uuid;
using SensorId = NumberedId<struct SensorTag>;  // row in the catalogue; 1 is the node's own sensor
using SourceId = NumberedId<struct SourceTag>;  // where contexts come from: a sensor, a report's publisher, a feed
using ReportId = NumberedId<struct ReportTag>;  // 0: none
using UserId = NumberedId<struct UserTag>;
using OrganisationId = NumberedId<struct OrganisationTag>;  // 1 is the node's own organisation

}  // namespace noroshi::model
