// What all runs of a snapshot say about one indicator, put together.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "know/engine/engine.hpp"

namespace noroshi::know::engine {

/// Gathers the fragments of one indicator, run by run from the oldest, and makes whole contexts of them. Kept between
/// indicators so that its memory is.
class Collector {
public:
  explicit Collector(Snapshot const &snapshot) : snapshot_(snapshot) {}
  /// Fragments that were taken back are left out. malformed for damaged bytes.
  auto add(Run const &run, EntryView const &entry) -> Result<void>;
  /// In the order of their keys; the parts of what a sensor said (model/receipt_part.hpp) are one. Empties the
  /// collector.
  auto contexts() -> std::vector<model::Context>;

private:
  struct Found {
    model::Context context;
    std::uint64_t version = 0;
  };
  Snapshot const &snapshot_;
  std::vector<Found> found_;
};

}  // namespace noroshi::know::engine
