// The Redis that the redis decoy pretends to be, as its persona has it and as this node varies it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "sense/persona.hpp"
#include "sense/shell.hpp"

namespace noroshi::sense {

/// Read from the persona's [redis] and [host] once.
struct RedisMachine {
  std::string version;  // "5.0.7"
  std::string os;       // as INFO shows it: "Linux 5.4.0-42-generic x86_64"
  std::string gcc;
  std::string build_id;
  std::string run_id;
  std::string executable;
  std::string config_file;
  std::string password;              // empty: none is asked for
  std::vector<std::string> folders;  // that CONFIG SET dir may change to
  std::vector<std::pair<std::string, std::string>> keys;
  std::int64_t major = 5;
  std::int64_t pid = 1;
  std::int64_t uptime_phase = 0;  // seconds; the uptime is (now + phase) modulo period
  std::int64_t uptime_period = 1;
  ShellMachine shell;  // for commands that get as far as a shell

  static auto create(Persona const &persona) -> Result<RedisMachine>;
  [[nodiscard]] auto uptime(Time now) const -> std::int64_t;
};

}  // namespace noroshi::sense
