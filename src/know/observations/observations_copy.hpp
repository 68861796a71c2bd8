// A copy of the whole store, for backups.
#pragma once

#include "know/observations/observations_core.hpp"

namespace noroshi::know::observations {

/// Holds back applying and maintenance until the files that change are copied.
auto copy_store(Core &core, std::string const &folder) -> Result<void>;

}  // namespace noroshi::know::observations
