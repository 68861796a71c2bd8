// The indicator store: opening one. What it does stands in model/ports/indicator_store.hpp.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "model/ports/indicator_store.hpp"

namespace noroshi::know {

/// The file at `path`, made where it is missing. Errors say what, where and what next: malformed (damaged, or another
/// program's file), conflict (a newer schema), unavailable (cannot be opened or written).
auto open_indicator_store(std::string path) -> Result<std::unique_ptr<model::IndicatorStore>>;

/// For look-ups beside a running node: a file that exists, of which nothing is changed; apply() is refused.
auto open_indicator_store_read_only(std::string path) -> Result<std::unique_ptr<model::IndicatorStore>>;

}  // namespace noroshi::know
