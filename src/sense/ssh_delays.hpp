// How long an SSH server takes: what is done here in microseconds costs the real one processes of its own.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "sense/persona.hpp"

namespace noroshi::sense {

struct SshDelays {
  Duration greeting{};  // from the connection to the version
  Duration kex{};       // to the answer of the first key exchange
  Duration login{};     // to the word that a log-in succeeded
  Duration session{};   // from that word to whatever comes next

  /// From `ssh.…_delay_ms`. An error names the key.
  static auto create(Persona const &persona) -> Result<SshDelays>;

  /// A refusal that the program is slow about: a mean of so many draws between both ends.
  [[nodiscard]] auto of_refusal(std::uint64_t random) const -> Duration;
  /// A refusal of `user` for which `spent` went by. With a base, OpenSSH's rule (auth2.c since 7.8): the first double
  /// of a time of the user's own, 5 to 9.2 ms, that is no less, so that nobody learns from it who exists.
  [[nodiscard]] auto until_refusal(Duration spent, std::string_view user) const -> Duration;

private:
  NodeSecret secret_;
  Duration least_refusal_{}, most_refusal_{};
  std::int64_t draws_ = 1;
  bool doubles_ = false;
};

}  // namespace noroshi::sense
