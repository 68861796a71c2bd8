// The indicator store: opening one. What it does stands in model/ports/indicator_store.hpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

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

struct StoreRepair {
  std::vector<std::string> lost;       // where, what, how many bytes
  std::vector<std::string> set_aside;  // files in the folder
  std::uint64_t kept = 0;              // commits that the logs still had
};
/// Makes a store open again whose logs are damaged: what is sound in them is kept. Commits that were damaged are lost
/// for good, withdrawals among them. Nobody may have it open. Nothing is changed where no log is damaged.
auto repair_indicator_store(std::string path) -> Result<StoreRepair>;

/// One file of a store that need not open.
struct StoreFileState {
  std::string name;
  std::string tier;  // "manifest", "key", "base", "young", "log"
  std::uint64_t bytes = 0;
  std::uint64_t indicators = 0, contexts = 0, filter_bytes = 0;  // of runs
  std::string state;    // "sound", "damaged", "missing", "unchecked" where that takes another file
  std::string problem;  // empty where it is sound
  std::string next;     // what to do about it
};
/// Reads every byte of every file, and changes nothing. Empty where there is no store yet.
auto inspect_indicator_store(std::string const &path) -> Result<std::vector<StoreFileState>>;

}  // namespace noroshi::know
