// The port by which what was received is read once more, to derive from it again.
#pragma once

#include <functional>

#include "base/result.hpp"
#include "model/observation.hpp"

namespace noroshi::model {

class ReceivedReader {
public:
  virtual ~ReceivedReader() = default;
  /// Hands over each observation of `sensor` that was received in [from, to), in the order of receipt; its texts live
  /// as long as the call. Log-in secrets are among the fields while their day's key exists. Takes as long as it takes.
  virtual auto read_received(SensorId sensor, Time from, Time to,
                             std::function<void(Observation const &, Time received)> const &take) -> Result<void> = 0;
};

}  // namespace noroshi::model
