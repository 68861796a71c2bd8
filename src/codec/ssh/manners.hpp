// How a program answers what no client should send: by this, more than by its banner, is a server known (Vetterl and
// Clayton, WOOT 2018).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "codec/ssh/packets.hpp"
#include "codec/ssh/wire.hpp"

namespace noroshi::codec::ssh {

/// The end of a connection as the client sees it.
struct Farewell {
  std::optional<Reason> reason = {};  // none: no disconnect message is sent
  std::string text = {};              // of the message; before the first KEXINIT, the line itself
};

/// What a client can do wrong before it is anybody.
enum class Offence : std::uint8_t {
  version_line,       // too long, with control characters, not SSH
  version_number,     // a protocol that is not spoken
  malformed_kexinit,  // or a key exchange's message of another length
  malformed,          // any other message of another length than it says
  nothing_common,     // on one of the lists
  kex_value,          // a point or number that the method refuses
  unexpected_in_kex,  // a message that strict key exchange forbids
  kexinit_not_first,  // which strict key exchange forbids too
  too_early,          // a message of what is above, before there are keys
  no_message,         // a number that no message has
  service,            // another than ssh-userauth
  other_user,         // than the one who began to log in, or another service
  many_tries,         // to log in
  unknown_channel,    // that a message names
  second_session,     // after the client said that there would be none
};

/// One program's. `name` in a sentence stands as {}.
class Manners {
public:
  virtual ~Manners() = default;
  /// `detail`: the version line, or numbers.
  [[nodiscard]] virtual auto of(Offence offence, std::string_view detail) const -> Farewell = 0;
  [[nodiscard]] virtual auto of(PacketFault fault, unsigned padding) const -> Farewell = 0;
  /// Whether a line that is no version may stand before it.
  [[nodiscard]] virtual auto lines_before_version() const -> unsigned = 0;
  [[nodiscard]] virtual auto most_version_bytes() const -> std::size_t = 0;
};

/// "openssh", "dropbear". malformed: another.
auto manners_of(std::string_view program) -> Result<Manners const *>;

}  // namespace noroshi::codec::ssh
