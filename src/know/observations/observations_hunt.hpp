// Which of many values were ever met: filters choose the days, one query a day and kind of value reads them.
#pragma once

#include <functional>
#include <span>

#include "know/observations/observations_core.hpp"
#include "model/ports/past_observations.hpp"

namespace noroshi::know::observations {

/// See model::PastObservations::sightings(). The viewer is checked by the store before.
auto find_sightings(Core &core, std::span<model::Value const> values, std::function<bool()> const &go_on)
    -> Result<model::Sightings>;

}  // namespace noroshi::know::observations
