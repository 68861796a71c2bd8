// What all runs of a snapshot say about one indicator, put together.
#pragma once

#include <memory>
#include <vector>

#include "base/result.hpp"
#include "know/engine/engine.hpp"

namespace noroshi::know::engine {

/// Gathers the fragments of one indicator, run by run from the oldest, and makes whole contexts of them. Kept between
/// indicators, because feeds say the same of many.
class Collector {
public:
  explicit Collector(Snapshot const &snapshot) : snapshot_(snapshot) {}
  /// Fragments that were taken back are left out. malformed for damaged bytes.
  auto add(Run const &run, EntryView const &entry) -> Result<void>;
  /// In the order of their keys; the parts of what a sensor said (model/receipt_part.hpp) are one. Valid until the next
  /// add(), which begins anew.
  auto contexts() -> std::vector<model::Context> &;

private:
  struct Known {
    Run const *run = nullptr;
    std::uint32_t number = 0;
    model::Context context;  // what the descriptor says
    bool gone = false;
    std::uint64_t withdrawn_through = 0;
  };
  auto descriptor(Run const &run, std::uint32_t number) -> Result<Known const *>;

  Snapshot const &snapshot_;
  // By the number's lowest bits: what a store's feeds have in common fits, and a miss costs what none would. Made as
  // they are needed, since a look-up of one value wants at most a few.
  static constexpr auto kKnownSlots = std::size_t{256};
  std::vector<std::unique_ptr<Known>> known_;
  std::vector<std::uint64_t> versions_;  // of contexts_, while they are gathered
  std::vector<model::Context> contexts_;
  bool handed_out_ = false;
};

}  // namespace noroshi::know::engine
