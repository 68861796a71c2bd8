// What follows from a sensor's observations is kept apart by the day on which the node received them, so that what came
// in since some time can be withdrawn exactly while the rest keeps its counts.
#pragma once

#include "base/time.hpp"
#include "model/id.hpp"

namespace noroshi::model {

/// Reports of people have numbers from 1; a sensor's days have negative ones. `part` 0 is the day as it came in; a
/// higher one was derived again after a withdrawal that began within that day.
inline constexpr auto kReceiptParts = std::int64_t{100'000};
inline auto receipt_part(Day received, std::uint64_t part) -> ReportId {
  return ReportId{-(received.time_since_epoch().count() * kReceiptParts + static_cast<std::int64_t>(part))};
}
/// True for a context that is one part of what a sensor said; look-ups put the parts together under report 0.
inline auto is_receipt_part(ReportId report) -> bool { return report.number < 0; }

}  // namespace noroshi::model
