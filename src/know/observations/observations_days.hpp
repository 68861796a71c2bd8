// The life of a day: open as a table, closed as Parquet, dropped by retention unless a hold keeps it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "know/observations/observations_core.hpp"

namespace noroshi::know::observations {

/// Fills the state with open and closed days, and removes files that no finished closing listed. At start-up.
auto open_days(Core &core) -> Result<void>;

/// These four take the maintenance lock; see the port for what they do.
auto close_days(Core &core, Day today) -> Result<std::uint64_t>;
auto drop_days(Core &core, Day oldest) -> Result<std::vector<Day>>;
auto hold(Core &core, std::string_view name, Day from, Day to) -> Result<void>;
auto release(Core &core, std::string_view name) -> Result<void>;

/// What stands for the rows of a Parquet file behind FROM: an earlier version's file has fewer columns, and the others
/// are NULL.
auto from_parquet(duck::Connection &connection, std::string const &path) -> Result<std::string>;

struct Hold {
  Day from, to;
  [[nodiscard]] auto keeps(Day day) const -> bool { return from <= day && day <= to; }
};
auto read_holds(duck::Connection &connection) -> Result<std::vector<Hold>>;

}  // namespace noroshi::know::observations
