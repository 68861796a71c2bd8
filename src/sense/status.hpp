// status.json: what the decoys process tells the node about itself. The node reads it as untrusted text.
#pragma once

#include <string>
#include <vector>

#include "base/confine.hpp"
#include "sense/event_loop.hpp"
#include "sense/listener.hpp"

namespace noroshi::sense {

/// One JSON object:
/// `version, pid, epoch, time` · `listeners[{decoy, persona, transport, address, port}]` ·
/// `protections[{name, active, reason}]` · `spool{bytes, cap_bytes, frames, sealed, recovered, dropped, lost,
/// failures}` · `unknown_commands[{command, count}]` · `counters[{name, kind, help, label_name, label_value, value}]`.
/// Numbers count since the process started.
struct StatusFacts {
  std::string version;
  std::vector<ListenerSpec> listeners;
  std::vector<Protection> protections;
  std::uint64_t spool_cap_bytes = 0;
};
auto status_json(StatusFacts const &facts, Spool const &spool, UnknownCommands const &unknown) -> std::string;

}  // namespace noroshi::sense
