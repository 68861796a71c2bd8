// The catalogue's tables, as numbered migrations.
#pragma once

#include "know/sqlite_schema.hpp"

namespace noroshi::know {

/// Shipped migrations are never edited: a change is a new one at the end.
auto catalogue_schema() -> sqlite::Schema;

}  // namespace noroshi::know
