// Opening the observation store together with what answers retro-hunts over it.
#pragma once

#include "know/observation_store.hpp"
#include "model/ports/past_observations.hpp"

namespace noroshi::know {

struct ObservationsAndPast {
  std::unique_ptr<model::ObservationStore> store;
  model::PastObservations *past = nullptr;  // part of `store`
};
auto open_observations_and_past(ObservationStoreOptions options) -> Result<ObservationsAndPast>;

}  // namespace noroshi::know
