// Telnet (RFC 854, 855): separates what a person typed from what the two programs negotiate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace noroshi::codec::telnet {

enum class Command : std::uint8_t {
  end_of_subnegotiation = 240,
  no_operation = 241,
  data_mark = 242,
  break_ = 243,
  interrupt = 244,
  abort_output = 245,
  are_you_there = 246,
  erase_character = 247,
  erase_line = 248,
  go_ahead = 249,
  subnegotiation = 250,
  will = 251,
  wont = 252,
  do_ = 253,
  dont = 254,
  escape = 255,  // IAC, "interpret as command"
};

/// Options that a decoy or a reader cares about (IANA telnet options); others keep their number.
enum class Option : std::uint8_t {
  echo = 1,               // RFC 857
  suppress_go_ahead = 3,  // RFC 858
  terminal_type = 24,     // RFC 1091
  window_size = 31,       // RFC 1073 (NAWS)
  terminal_speed = 32,    // RFC 1079
  linemode = 34,          // RFC 1184
  new_environment = 39,   // RFC 1572
};

/// One negotiation step that the peer took.
struct Event {
  Command command = Command::no_operation;
  std::uint8_t option = 0;  // for will, wont, do, dont and subnegotiation
  std::string payload;      // of a subnegotiation, IAC IAC already halved, cut at kMaxSubnegotiation
};

/// Terminal types and window sizes are far shorter; what is longer is only there to fill memory.
inline constexpr auto kMaxSubnegotiation = std::size_t{256};

/// Takes a stream in pieces of any size. Never fails: every byte has a meaning in telnet.
class Parser {
public:
  /// Appends the typed bytes to `data` (IAC IAC as one 0xff) and the negotiation steps to `events`.
  void feed(std::string_view bytes, std::string &data, std::vector<Event> &events);

private:
  enum class State : std::uint8_t {
    data,
    command,
    option,
    subnegotiation_option,
    subnegotiation,
    subnegotiation_escape
  };
  void take(std::uint8_t byte, std::string &data, std::vector<Event> &events);
  void take_command(std::uint8_t byte, std::string &data, std::vector<Event> &events);

  State state_ = State::data;
  Event pending_;
};

/// "DO ECHO", "WILL NAWS", "SB 24": an event in the words of the RFCs.
auto to_string(Event const &event) -> std::string;

/// IAC `command` `option`.
auto negotiate(Command command, Option option) -> std::string;

/// Columns and rows of a NAWS subnegotiation, or nothing where it is too short.
struct WindowSize {
  std::uint16_t columns = 0;
  std::uint16_t rows = 0;
};
auto window_size(Event const &event) -> std::optional<WindowSize>;

/// The name in a TTYPE IS subnegotiation ("xterm"), or nothing.
auto terminal_type(Event const &event) -> std::optional<std::string_view>;

}  // namespace noroshi::codec::telnet
