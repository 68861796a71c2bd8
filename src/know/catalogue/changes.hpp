// The changes that the indicator store follows: written beside what they speak of, in the same transaction.
#pragma once

#include <cstdint>

#include "know/sqlite.hpp"
#include "model/id.hpp"

namespace noroshi::know::changes {

// Numbers are stored on disk: never reuse one.
enum class Kind : std::uint8_t {
  add = 1,       // one indicator of a report, by its number in the report
  withdraw = 2,  // all of a report
};

auto append(sqlite::Connection &connection, Kind kind, model::ReportId report, std::int64_t number) -> Result<void>;

}  // namespace noroshi::know::changes
