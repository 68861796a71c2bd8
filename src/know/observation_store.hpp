// The observation store on DuckDB: one table a received day, closed days as Parquet. docs/decisions/duckdb.md says why.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/ports/observation_store.hpp"

namespace noroshi::know {

struct ObservationStoreOptions {
  std::string directory;                                   // made where absent; nobody else may use it
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;     // what DuckDB may hold in memory
  std::uint64_t temporary_bytes = std::uint64_t{8} << 30;  // what sorts of large days may spill to disk
  unsigned threads = 1;  // DuckDB's; each caller brings its own, and idle ones cost the writer 20 % (measured)
  std::chrono::milliseconds query_deadline{10'000};  // for each read; past it the read is timed_out
  unsigned secret_days = 7;  // log-in secrets become unreadable this many days after they were received

  // Profiles of this many rows or sources at most are kept in memory only; a start-up reads those rows again (seconds).
  // A source takes about 400 bytes. Profiles on disk are merged where this many parts have come.
  std::uint64_t fresh_rows = 4'000'000;
  std::uint64_t fresh_sources = 200'000;
  std::uint64_t compact_rows = 500'000;

  /// For tests of crashes and full disks: called with the name of each step of writing a group, closing and dropping
  /// days, before it is taken.
  std::function<void(std::string_view step)> step;
};

/// Opens or makes the store. Finishes or undoes what a crash left half-done. A DuckDB outside the accepted versions is
/// unavailable; a directory in use by another process is a conflict. The store is thread-safe: reads run beside each
/// other and beside one apply.
auto open_observation_store(ObservationStoreOptions options) -> Result<std::unique_ptr<model::ObservationStore>>;

}  // namespace noroshi::know
