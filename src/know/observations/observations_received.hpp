// Reading again what one sensor handed in.
#pragma once

#include <functional>

#include "know/observations/observations_core.hpp"
#include "model/observation.hpp"

namespace noroshi::know::observations {

/// As ObservationStore::read_received.
auto read_received(Core &core, model::SensorId sensor, Time from, Time to,
                   std::function<void(model::Observation const &, Time)> const &take) -> Result<void>;

}  // namespace noroshi::know::observations
