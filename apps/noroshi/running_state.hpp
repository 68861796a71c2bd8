// What the running parts say of themselves, for `noroshi status` and the metrics page.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/metrics.hpp"
#include "base/time.hpp"

namespace noroshi::apps {

/// The decoys child's status.json. The child talks to attackers, so what it says is read as untrusted: known members
/// only, capped.
struct SpoolStatus {
  pid_t pid = 0;
  struct Listener {
    std::string decoy, persona, transport, address;
    std::uint16_t port = 0;
  };
  std::vector<Listener> listeners;
  struct Protection {
    std::string name;
    bool active = false;
    std::string reason;
  };
  std::vector<Protection> protections;
  struct Count {
    std::string name;
    std::uint64_t count = 0;
  };
  std::vector<MetricSample> metrics;
  std::vector<Count> unknown_commands;
  std::uint64_t drops = 0;  // observations that did not get into the spool, or left it unread
  std::uint64_t spool_bytes = 0;
  std::uint64_t epoch = 0;  // of the writer that counts: with another one, counts begin anew
  std::string version;
  std::string time;  // RFC 3339, the child's clock
};

/// Nothing where the folder has no readable status yet.
auto read_spool_status(std::string const &spool) -> std::optional<SpoolStatus>;

/// The members of `noroshi status` that only the running program knows, as a JSON object. `intake_trouble` and
/// `uplink_trouble` are empty while all goes well.
struct RunningState {
  std::string spool;
  std::optional<SpoolStatus> decoys;
  bool decoys_running = false;
  unsigned decoys_restarts = 0;
  std::vector<std::string> api;
  std::vector<std::string> peer;
  std::string intake_trouble;
  std::string uplink_trouble;
  std::uint64_t intake_bytes = 0;
  double observations_per_second = 0;
  Duration uptime{};
};
auto to_json(RunningState const &state) -> std::string;

}  // namespace noroshi::apps
