// How sensors are, between their telling and the catalogue: ten thousand tell it every second or so, and one
// transaction now and then keeps it.
#pragma once

#include <map>
#include <mutex>

#include "model/ports/sensor_registry.hpp"

namespace noroshi::serve {

/// Thread-safe. Holds one entry a sensor, so it is bounded by the sensors there are.
class SensorHealthBook {
public:
  explicit SensorHealthBook(model::SensorRegistry &registry) : registry_(registry) {}
  void note(model::SensorHealth health);
  /// Writes what is new. What cannot be written waits for the next call.
  auto flush() -> Result<void>;

private:
  model::SensorRegistry &registry_;
  std::mutex mutex_;
  std::map<model::SensorId, model::SensorHealth> news_;
};

}  // namespace noroshi::serve
