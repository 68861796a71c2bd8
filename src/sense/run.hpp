// The decoys process: everything from reading its configuration to sealing the last segment.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/confine.hpp"
#include "base/result.hpp"
#include "sense/listener.hpp"

namespace noroshi::sense {

/// What the parent decides; what the operator decides is in the configuration (`sense.…`).
struct RunOptions {
  std::string spool_folder;  // exists, and belongs to `run_as` where that is given
  std::string kept_folder;   // what is made once for this node's personas; made where it is absent; empty: not kept
  std::string packs_folder;  // "packs": personas are read from packs/personas before the process confines itself
  std::string version;       // of the program, as status.json shows it
  /// A pipe whose other end the parent holds: when the parent dies, the decoys end too. -1: none.
  int lifeline = -1;
  /// Listening sockets that the parent was given by systemd and passes on, from descriptor kFirstActivated on.
  int activated = 0;
  /// Whom to become when started as root.
  std::optional<UserIds> run_as;
  /// Called once when all listeners take visitors, with their real ports, and the protections that are active.
  std::function<void(std::vector<ListenerSpec> const &, std::vector<Protection> const &)> ready;
  /// False only in test programs and benchmarks, which have to live on behind it.
  bool confined = true;
};

/// Binds, confines this process, holds visits on one thread a loop until SIGTERM, SIGINT or the lifeline's end; then
/// ends all visits, seals the spool and returns. The caller has no other threads. Errors name the key or port to
/// change.
auto run_decoys(Config const &config, RunOptions const &options) -> Result<void>;

/// What run_decoys() would say of the configuration before it opens anything: personas, decoys, listeners, limits.
auto check_decoys(Config const &config, std::string const &packs_folder) -> Result<void>;

}  // namespace noroshi::sense
