// A sensor as the API shows it, in the list and in the status.
#pragma once

#include <span>

#include "model/ports/sensor_registry.hpp"
#include "search/json_writer.hpp"

namespace noroshi::serve {

/// An array. `state`: home, local, invited, joined, revoked, or distrusted (which outweighs all but revoked).
void write_sensors(search::JsonWriter &json, std::span<model::Sensor const> sensors);

}  // namespace noroshi::serve
