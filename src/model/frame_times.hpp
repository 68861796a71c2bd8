// Observations of a sensor whose clock is wrong, put right.
#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"

namespace noroshi::model {

/// The frames with `offset` (the sensor's clock minus ours) taken off each time, never past `latest`; each
/// observation's `extra` says so as "clock_offset_s", so that what the sensor wrote can be had again. Frames must be
/// sound ones.
auto with_clock_corrected(std::string_view frames, Duration offset, Time latest) -> std::string;

/// The frames with no time past `latest`: a later one becomes `latest`, and its observation's `extra` says by how much
/// it was off, as "clock_offset_s". Where none is later, the frames as they came. Frames must be sound ones.
auto with_none_after(std::string frames, Time latest) -> std::string;

}  // namespace noroshi::model
