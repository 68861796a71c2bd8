// The port of retro-hunts: which of many values were ever seen. What keeps observations answers it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "model/id.hpp"
#include "model/value.hpp"
#include "model/viewer.hpp"

namespace noroshi::model {

/// When, how often and by which sensors a value was met. An observation that names it in two fields counts twice.
struct Sighting {
  Value value;
  Time first_seen{}, last_seen{};
  std::uint64_t count = 0;
  std::vector<SensorId> sensors;  // sorted; at most kMaxSightingSensors
};
inline constexpr auto kMaxSightingSensors = std::size_t{16};

struct Sightings {
  std::vector<Sighting> found;   // by value
  std::uint64_t days = 0;        // that were asked
  std::uint64_t candidates = 0;  // values × days that filters said "perhaps" of
  std::uint64_t unread = 0;      // days that could not be read in time: their part is missing
};

/// Thread-safe; sees only applied groups.
class PastObservations {
public:
  virtual ~PastObservations() = default;

  /// Which of many values were ever met, in all days: addresses as sources or hosts, blocks as holding sources,
  /// domains, URLs and SHA-256 as in ObservationStore::mentions(). Days are chosen by their filters (blocks ask every
  /// day) and read one by one, each with a deadline of its own; `go_on` is asked before each, from any
  /// thread and never twice at once.
  virtual auto sightings(std::span<Value const> values, std::function<bool()> const &go_on, Viewer const &viewer)
      -> Result<Sightings> = 0;
};

}  // namespace noroshi::model
