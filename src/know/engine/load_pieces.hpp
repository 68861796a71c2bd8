// The sorted parts of a load become entries of a run: encoded by threads of their own, written in order.
#pragma once

#include <span>

#include "know/engine/load_sorter.hpp"
#include "know/engine/run_writer.hpp"

namespace noroshi::know::engine {

/// Calls `take` with each hash and all records of one indicator, in order; ends with its first error.
template <class Take>
auto each_entry(std::vector<LoadSorter::Record> const &records, Take const &take) -> Result<void> {
  for (auto first = std::size_t{0}; first < records.size();) {
    auto end = first + 1;
    while (end < records.size() && same_indicator(records[first], records[end])) ++end;
    TRY_VOID(take(records[first].hash, std::span{records}.subspan(first, end - first)));
    first = end;
  }
  return ok;
}

/// Everything that `sorter`, which was ended, holds. The writer's descriptors have the numbers that records name. Ends
/// with the first error; its threads have ended then.
auto write_pieces(LoadSorter &sorter, RunWriter &writer) -> Result<void>;

}  // namespace noroshi::know::engine
