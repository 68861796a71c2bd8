// Filters of days, made from their rows: the keys of all sources, visits and names.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "know/line_filter.hpp"
#include "know/observations/observations_duck.hpp"

namespace noroshi::know::observations {

/// Calls `insert` with the key of every source, visit and name in `from` (a table, or read_parquet(…)).
auto insert_keys(duck::Connection &connection, std::string const &from, FilterKey const &key,
                 std::function<void(std::uint64_t)> const &insert) -> Result<void>;

/// Writes the filter of the rows in `from` to `path`; durable when it returns.
auto write_filter(duck::Connection &connection, std::string const &from, FilterKey const &key, std::string const &path)
    -> Result<void>;

}  // namespace noroshi::know::observations
