// What an SSH decoy shows, read from a persona's [ssh] once.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/ssh/transport.hpp"
#include "sense/login_policy.hpp"
#include "sense/persona.hpp"
#include "sense/shell.hpp"
#include "sense/ssh_delays.hpp"
#include "sense/waiting_room.hpp"

namespace noroshi::sense {

struct SshPersona {
  codec::ssh::TransportSettings transport;
  std::vector<codec::ssh::DhGroup> moduli;                 // of group exchange; transport chooses among them
  std::vector<std::unique_ptr<codec::ssh::HostKey>> keys;  // transport points at them
  std::string methods;                                     // "publickey,password"
  std::string banner;                                      // before a log-in; empty: none
  std::string greeting;                                    // after it, before the prompt
  std::string prompt;
  std::shared_ptr<LoginPolicy const> logins;
  std::unique_ptr<WaitingRoom> waiting;  // for those who have not logged in; nullptr: for any number
  std::int64_t max_tries = 6;
  SshDelays delays;
  std::vector<std::string> accept_env;  // names of variables that are taken; "LC_*" stands for all that begin so
  bool tells_host_keys = false;         // after a log-in, all of them (hostkeys-00@openssh.com)
  std::string measured_version;         // of the package whose program was measured; empty: published facts
  bool has_sftp = true;                 // an sftp-server is installed
  ShellMachine machine;

  /// Without host keys. An error names the persona's key.
  static auto create(Persona const &persona) -> Result<std::shared_ptr<SshPersona>>;
  /// Reads the host keys that this node made for the persona, and makes those that are missing: about a second.
  auto make_keys(Persona const &persona) -> Result<void>;
};

}  // namespace noroshi::sense
