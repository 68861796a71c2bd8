// A sensor as the API shows it, in the list and in the status.
#pragma once

#include <span>

#include "codec/json_writer.hpp"
#include "model/ports/sensor_registry.hpp"

namespace noroshi::serve {

/// An array. `state`: home, local, invited, joined, revoked, or distrusted (which outweighs all but revoked).
void write_sensors(codec::JsonWriter &json, std::span<model::Sensor const> sensors);

}  // namespace noroshi::serve
