// The files of a store that others depend on: its key, and the runs that its manifest names. What is missing or damaged
// is told without a next step, which whoever opens or checks adds.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "know/engine/files.hpp"
#include "know/engine/manifest.hpp"
#include "know/engine/run.hpp"
#include "know/engine/stored_value.hpp"

namespace noroshi::know::engine {

/// Of the whole secret, as manifests keep it.
auto checksum_of(StoreKey const &key) -> std::uint64_t;
auto write_key(Files &files, StoreKey const &key) -> Result<void>;
/// malformed where it is missing, damaged, or another store's.
auto read_key(Files &files, Manifest const &manifest) -> Result<StoreKey>;

/// malformed where it is missing or damaged; conflict where a newer version wrote it.
auto open_run(Files &files, std::string const &name) -> Result<std::shared_ptr<Run const>>;

}  // namespace noroshi::know::engine
