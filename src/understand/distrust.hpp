// Sensors that are not believed: what was derived from them is taken out of the indicator store, and what they send is
// kept but nothing follows from it. Owned and used by the applier's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "model/ports/catalogue.hpp"
#include "model/ports/indicator_store.hpp"
#include "model/ports/observation_store.hpp"

namespace noroshi::understand {

class Distrusts {
public:
  /// Runs the detectors, with nothing in their memory, over what a reader hands them.
  using Derive = std::function<Result<std::vector<model::IndicatorWrite>>(model::Distrust const &, Time from, Time to)>;

  Distrusts(model::Catalogue &catalogue, model::IndicatorStore &indicators)
      : catalogue_(catalogue), indicators_(indicators) {}

  /// Reads what changed. Cheap where nothing did.
  auto refresh() -> Result<void>;
  /// True where nothing follows from what this sensor handed in at that time.
  [[nodiscard]] auto covers(model::SensorId sensor, Time received) const -> bool;

  /// Withdraws for each distrust that was not heeded yet, in one commit of stream "distrust" each: the days of receipt
  /// behind its beginning go; of the day in which it begins, what was received before is derived again. Only while the
  /// stores agree. `now` bounds the days.
  auto heed(Time now, Derive const &derive) -> Result<void>;

private:
  [[nodiscard]] auto commit_for(model::Distrust const &distrust, Day today) const -> model::IndicatorCommit;

  model::Catalogue &catalogue_;
  model::IndicatorStore &indicators_;
  std::uint64_t version_ = 0;  // of the registry, as read last
  std::uint64_t heeded_ = 0;   // number of the last one that the indicator store has
  std::vector<model::Distrust> all_;
};

}  // namespace noroshi::understand
