// What values of one question say about each other: two kinds of evidence of one report, neither of which follows from
// the other, are no coincidence.
#pragma once

#include <span>

#include "search/answer.hpp"

namespace noroshi::search {

/// Raises the strength of hits that others of `answers` corroborate, and says by which. Two hits belong together where
/// they stand in the same report; what stands in no report (a feed without reports, a sensor) corroborates nothing, for
/// it has everything of everybody. `answers` are of one question, or of a part of a long one: search() is asked in
/// blocks of 2,048 values, and values of different blocks do not meet.
void corroborate(std::span<Answer> answers);

}  // namespace noroshi::search
