// Which of many lists hold an address: one binary search however many lists there are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "codec/ranges.hpp"

namespace noroshi::codec {

/// Immutable once built, so thread-safe.
class RangeIndex {
public:
  RangeIndex() = default;
  /// Ranges with the number of their list; those of one list must not overlap (see merged()).
  static auto build(std::vector<std::pair<AddressRange, std::uint32_t>> const &ranges) -> RangeIndex;

  /// Numbers of the lists that hold the address, ascending.
  [[nodiscard]] auto find(model::IpAddress address) const -> std::span<std::uint32_t const>;
  /// A list that holds any address of the range.
  [[nodiscard]] auto any_in(AddressRange const &range) const -> std::optional<std::uint32_t>;

private:
  [[nodiscard]] auto piece_of(model::IpAddress address) const -> std::size_t;
  std::vector<model::IpAddress> firsts_;  // of pieces, ascending
  std::vector<std::uint32_t> sets_;       // a piece's set
  std::vector<std::vector<std::uint32_t>> distinct_;
};

}  // namespace noroshi::codec
