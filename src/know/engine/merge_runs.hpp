// Several runs become one: what meets is merged, what was taken back or expired long ago is left out.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "base/result.hpp"
#include "base/time.hpp"
#include "know/engine/erasures.hpp"
#include "know/engine/files.hpp"
#include "know/engine/run.hpp"

namespace noroshi::know::engine {

struct MergeOptions {
  Time now{};
  /// Asked now and then; true ends the merge with `unavailable`. Called with the entries done so far.
  std::function<bool(std::uint64_t)> stop;
};

/// Writes the run to `to`, unsynced. Damage in a run is malformed and names it: nothing is lost silently.
auto merge_runs(std::span<std::shared_ptr<Run const> const> runs, Erasures const &erasures, MergeOptions const &options,
                OutFile &to) -> Result<RunFacts>;

}  // namespace noroshi::know::engine
