// The indicator store's files where no node runs: also of a store that does not open, and on a disk that cannot be
// written.
#pragma once

#include "apps/noroshi/command.hpp"
#include "apps/noroshi/output.hpp"

namespace noroshi::apps {

/// What is in each file, without opening the store.
auto list_store_files(Global const &global, Format format) -> Result<Exit>;
/// Whether each file is sound, and what to do where it is not. incomplete where one is damaged or missing.
auto check_store_files(Global const &global, Format format) -> Result<Exit>;
/// Lets a store with damaged logs open again, and tells what was lost.
auto repair_store(Global const &global) -> Result<Exit>;

}  // namespace noroshi::apps
