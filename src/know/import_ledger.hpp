// The import ledger in SQLite, a file of its own: a bulk import does not hold up log-ins, and losing it loses no data.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "model/ports/import_ledger.hpp"

namespace noroshi::know {

/// The file is made where it is missing.
auto open_import_ledger(std::string path) -> Result<std::unique_ptr<model::ImportLedger>>;

}  // namespace noroshi::know
