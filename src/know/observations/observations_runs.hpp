// The run tables of profiles: (src_high, src_low, state), appended in parts that are sorted by address, so that
// DuckDB's minima and maxima of row groups leave few to read for one address.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "know/observations/observations_duck.hpp"
#include "model/ip.hpp"

namespace noroshi::know::observations {

auto run_table(std::int64_t number) -> std::string;
auto run_table_sql(std::int64_t number) -> std::string;

/// SELECT of src_high, src_low, state, run, position over the runs (oldest first, at least one).
auto runs_in_order(std::vector<std::int64_t> const &runs, std::string_view where, std::string_view order)
    -> std::string;

/// Appends histories to a run table.
class RunWriter {
public:
  static auto open(duck::Connection const &connection, std::int64_t number) -> Result<RunWriter>;
  auto add(model::IpAddress address, std::string const &state) -> Result<void>;
  auto close() -> Result<void>;

private:
  RunWriter(duck::Appender appender, duck::Chunk chunk);
  auto flush() -> Result<void>;
  void find_vectors();

  duck::Appender appender_;
  duck::Chunk chunk_;
  std::uint64_t *high_ = nullptr, *low_ = nullptr;
  duckdb_vector state_ = nullptr;
  std::size_t rows_ = 0;
};

}  // namespace noroshi::know::observations
