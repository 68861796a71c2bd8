// What a sensor hands in, over the API or the peer port alike: a batch, and how it is.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/config.hpp"
#include "base/time.hpp"
#include "model/batch.hpp"
#include "model/ports/sensor_registry.hpp"
#include "net/http.hpp"

namespace noroshi::serve {

/// From the headers Noroshi-Time (RFC 3339), Noroshi-Spool-Bytes, Noroshi-Drops, Noroshi-Version, and where they are
/// there Noroshi-Space, Noroshi-Configuration-Version and Noroshi-Configuration-Trouble. Nothing without Noroshi-Time.
auto read_health(net::HttpRequest const &request, model::SensorId sensor, Time now)
    -> Result<std::optional<model::SensorHealth>>;

/// From the headers Noroshi-Epoch and Noroshi-Sequence and the body's frames. Where `health` shows a clock that is off
/// by more than sensors.clock_tolerance, the observations' times are put right; no time is later than `now`, whatever
/// the sensor says of its clock. malformed where a frame is damaged.
struct HandedIn {
  model::Batch batch;
  std::uint64_t observations = 0;
};
auto take_batch(net::HttpRequest &request, model::SensorId sensor, std::optional<model::SensorHealth> const &health,
                Config const &config, Time now) -> Result<HandedIn>;

}  // namespace noroshi::serve
