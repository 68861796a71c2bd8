// The indicator store: opening one. What it does stands in model/ports/indicator_store.hpp.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/ports/indicator_store.hpp"

namespace noroshi::know {

/// The folder at `path`, made where it is missing. Errors say what, where and what next: malformed (damaged, or no
/// store), conflict (written by a newer version), unavailable (cannot be opened or written). On a disk that cannot be
/// written a store that is there opens, and apply() is refused. `clock`, which
/// outlives the store, says what expired so long ago that it is forgotten.
auto open_indicator_store(std::string path, Clock const &clock = system_clock())
    -> Result<std::unique_ptr<model::IndicatorStore>>;

}  // namespace noroshi::know
