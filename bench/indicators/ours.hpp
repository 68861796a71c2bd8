// The product's own store, through its ports alone.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/indicators/measure.hpp"
#include "bench/indicators/peer.hpp"
#include "model/ports/indicator_store.hpp"

namespace noroshi::bench {

struct Built {
  Took took;  // without making the values up
  double process_cpu = 0;
  std::uint64_t indicators = 0, bytes = 0;
};
/// Loads numbers 0 to count as canonical records, in one load; memory stays bounded whatever the count.
auto build_store(std::string const &folder, std::uint64_t count) -> Result<Built>;

/// The store, opened.
class Ours {
public:
  static auto open(std::string const &folder) -> Result<Ours>;
  [[nodiscard]] auto opening() const -> Took { return opening_; }
  /// Memory of its own, once open: the hot filters.
  [[nodiscard]] auto hot_bytes() const -> std::uint64_t { return hot_bytes_; }

  /// What look_up() costs, without reading its answers.
  auto look_up(std::span<model::Value const> values, std::size_t batch) -> Result<Took>;
  /// Look-ups of one value each, the next one chosen by the answer before.
  auto one_by_one(std::span<model::Value const> values, std::size_t count) -> Result<Took>;
  /// Asks, reads every answer and lets go of it.
  auto answers(std::span<model::Value const> values) -> Result<Answers>;

private:
  std::unique_ptr<model::IndicatorStore> store_;
  Took opening_;
  std::uint64_t hot_bytes_ = 0;
};

}  // namespace noroshi::bench
