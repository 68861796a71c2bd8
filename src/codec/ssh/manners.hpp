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
  unknown_channel,    // that a message names, or one that has no channel at all
  second_session,     // after the client said that there would be none
};

/// What becomes of a message by its number alone.
enum class Fate : std::uint8_t {
  read,           // it goes where it belongs
  ignored,        // nobody answers
  unimplemented,  // the answer is SSH_MSG_UNIMPLEMENTED
  fatal,          // the connection ends
};

/// Where a connection stands when a message comes.
struct Moment {
  std::optional<Message> awaited = {};  // in a key exchange: what alone should come
  bool is_strict = false;               // the first one goes on, strictly
  bool is_logged_in = false;
};

/// The client's version line as far as it came.
struct VersionLine {
  enum class State : std::uint8_t { incomplete, whole, bad };
  State state = State::incomplete;
  std::string text = {};  // without its end
  std::size_t taken = 0;  // bytes up to and with its end
};

/// What a program that ends a connection may leave on the socket: there the kernel resets it.
enum class Unread : std::uint8_t {
  nothing,   // it reads all there is
  version,   // what lies behind a version that was wrong: that is read byte by byte
  anything,  // what lies behind the packet on which it ends, too
};

/// What a refused try to log in costs the client.
struct RefusalCost {
  bool counts = false;  // among the tries that are allowed
  bool waits = false;   // is answered after the persona's delay
  bool doubles = true;  // takes as long as the program makes any refusal of that user take
};

/// Numbers of the connection protocol.
struct ChannelHabits {
  std::uint32_t session_window;   // offered when a session opens
  std::uint32_t program_window;   // added when a program starts in it; 0: nothing
  std::uint32_t tunnel_window;    // offered when a way into the network opens
  std::uint32_t most_packet;      // of data, in either direction
  std::uint32_t most_window;      // that a client can open
  bool clamps_window;             // to that; else one that is larger ends the connection
  std::uint32_t extended_after;   // so many bytes are read before the window is extended by them
  std::size_t most_open;          // at once
  std::uint32_t too_many;         // the reason a further one is refused with
  std::uint32_t unknown_type;     // the reason another type is refused with
  std::string_view failure_text;  // of both
  bool reuses_numbers;            // the lowest free one; else each gets the next
  bool heeds_last_session;        // no-more-sessions@openssh.com
  bool always_tells_port;         // that a forwarding got, asked for or not, and wanted or not
  bool is_strict;                 // data behind EOF and a second terminal end the connection
  bool empty_eof_closes;          // EOF on a session in which nothing runs closes it
  bool resizes_any_session;       // one without a terminal too
  bool reads_in_steps;            // what stands first in a message decides, before the rest of it is read
  bool close_awaits_program;      // a client's close hangs up on it, and is answered when it has ended and all is read
  bool greets_pipes;              // a shell without a terminal begins with the day's message, too
  bool names_unresolved;          // host and port of a way to a name that has no address
};

/// One program's.
class Manners {
public:
  virtual ~Manners() = default;
  /// `detail`: the version line, or numbers.
  [[nodiscard]] virtual auto of(Offence offence, std::string_view detail) const -> Farewell = 0;
  [[nodiscard]] virtual auto of(PacketFault fault, unsigned padding) const -> Farewell = 0;

  // Transport.
  /// Takes the client's version off what it sent.
  [[nodiscard]] virtual auto read_version(std::string_view bytes) const -> VersionLine = 0;
  /// What is wrong with a line that begins with "SSH-"; nothing where it is a version.
  [[nodiscard]] virtual auto judge_version(std::string_view line) const -> std::optional<Offence> = 0;
  /// How many lines that are no version may stand before it.
  [[nodiscard]] virtual auto lines_before_version() const -> unsigned = 0;
  /// KEXINIT follows the server's version at once, not the client's.
  [[nodiscard]] virtual auto proposes_first() const -> bool = 0;
  [[nodiscard]] virtual auto packets() const -> PacketHabits const & = 0;
  [[nodiscard]] virtual auto trailing() const -> Trailing = 0;
  /// Names that one list of KEXINIT may have.
  [[nodiscard]] virtual auto most_names() const -> std::size_t = 0;
  [[nodiscard]] virtual auto fate(Message number, Moment const &moment) const -> Fate = 0;
  /// Bits that have to be set in a client's Diffie-Hellman value.
  [[nodiscard]] virtual auto least_dh_bits() const -> int = 0;
  [[nodiscard]] virtual auto leaves_unread() const -> Unread = 0;
  /// Behind a log-in it sends when it has read all there is: what it ends on takes the answers before with it.
  [[nodiscard]] virtual auto loses_unsent() const -> bool = 0;

  // Authentication.
  [[nodiscard]] virtual auto wants_service() const -> bool = 0;
  [[nodiscard]] virtual auto serves(std::string_view service, bool is_logged_in) const -> bool = 0;
  [[nodiscard]] virtual auto logs_in_to(std::string_view service) const -> bool = 0;
  [[nodiscard]] virtual auto most_user_bytes() const -> std::size_t = 0;
  [[nodiscard]] virtual auto most_password_bytes() const -> std::size_t = 0;
  [[nodiscard]] virtual auto may_change_user() const -> bool = 0;
  /// `is_offered`: the method is one of those that a refusal lists. `is_first`: of the connection.
  [[nodiscard]] virtual auto refusal(std::string_view method, bool is_offered, bool is_first) const -> RefusalCost = 0;

  [[nodiscard]] virtual auto channels() const -> ChannelHabits const & = 0;
};

/// Dropbear of 2018 and later, and as devices carry it from before.
auto dropbear_manners() -> Manners const &;
auto old_dropbear_manners() -> Manners const &;

/// "openssh", "dropbear", "dropbear-2015". malformed: another.
auto manners_of(std::string_view program) -> Result<Manners const *>;

}  // namespace noroshi::codec::ssh
