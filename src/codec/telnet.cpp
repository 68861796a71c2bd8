#include "codec/telnet.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/bytes.hpp"

namespace noroshi::codec::telnet {
namespace {

constexpr auto kEscape = std::uint8_t{255};

auto option_name(std::uint8_t option) -> std::string {
  switch (static_cast<Option>(option)) {
    case Option::echo: return "ECHO";
    case Option::suppress_go_ahead: return "SGA";
    case Option::terminal_type: return "TTYPE";
    case Option::window_size: return "NAWS";
    case Option::terminal_speed: return "TSPEED";
    case Option::linemode: return "LINEMODE";
    case Option::new_environment: return "NEW-ENVIRON";
  }
  return fmt::format("{}", option);
}

auto command_name(Command command) -> std::string {
  switch (command) {
    case Command::will: return "WILL";
    case Command::wont: return "WONT";
    case Command::do_: return "DO";
    case Command::dont: return "DONT";
    case Command::subnegotiation: return "SB";
    case Command::break_: return "BRK";
    case Command::interrupt: return "IP";
    case Command::abort_output: return "AO";
    case Command::are_you_there: return "AYT";
    case Command::erase_character: return "EC";
    case Command::erase_line: return "EL";
    case Command::go_ahead: return "GA";
    case Command::no_operation: return "NOP";
    case Command::data_mark: return "DM";
    default: return fmt::format("{}", static_cast<unsigned>(command));
  }
}

auto has_option(Command command) -> bool { return command >= Command::subnegotiation && command <= Command::dont; }

}  // namespace

void Parser::feed(std::string_view bytes, std::string &data, std::vector<Event> &events) {
  while (!bytes.empty()) {
    if (state_ == State::data) {  // the usual case by runs, not byte by byte
      auto const run = bytes.find(static_cast<char>(kEscape));
      data.append(bytes.substr(0, run));
      if (run == std::string_view::npos) return;
      bytes.remove_prefix(run);
    }
    take(static_cast<std::uint8_t>(bytes.front()), data, events);
    bytes.remove_prefix(1);
  }
}

void Parser::take(std::uint8_t byte, std::string &data, std::vector<Event> &events) {
  switch (state_) {
    case State::data: state_ = State::command; return;  // feed() stops only at IAC
    case State::command: take_command(byte, data, events); return;
    case State::option:
      pending_.option = byte;
      events.push_back(std::exchange(pending_, {}));
      state_ = State::data;
      return;
    case State::subnegotiation_option:
      pending_.option = byte;
      state_ = State::subnegotiation;
      return;
    case State::subnegotiation:
      if (byte == kEscape)
        state_ = State::subnegotiation_escape;
      else if (pending_.payload.size() < kMaxSubnegotiation)
        pending_.payload.push_back(static_cast<char>(byte));
      return;
    case State::subnegotiation_escape:
      if (byte == kEscape) {
        if (pending_.payload.size() < kMaxSubnegotiation) pending_.payload.push_back(static_cast<char>(byte));
        state_ = State::subnegotiation;
        return;
      }
      // IAC SE ends it; any other command inside is a broken peer, and ends it too (RFC 855 leaves it open).
      events.push_back(std::exchange(pending_, {}));
      state_ = State::data;
      if (byte != static_cast<std::uint8_t>(Command::end_of_subnegotiation)) take_command(byte, data, events);
      return;
  }
}

void Parser::take_command(std::uint8_t byte, std::string &data, std::vector<Event> &events) {
  if (byte == kEscape) {
    data.push_back(static_cast<char>(byte));
    state_ = State::data;
    return;
  }
  auto const command = static_cast<Command>(byte);
  pending_ = Event{command, 0, {}};
  if (command == Command::subnegotiation) {
    state_ = State::subnegotiation_option;
  } else if (has_option(command)) {
    state_ = State::option;
  } else {
    events.push_back(std::exchange(pending_, {}));
    state_ = State::data;
  }
}

auto to_string(Event const &event) -> std::string {
  if (!has_option(event.command)) return command_name(event.command);
  return command_name(event.command) + " " + option_name(event.option);
}

auto negotiate(Command command, Option option) -> std::string {
  return {static_cast<char>(kEscape), static_cast<char>(command), static_cast<char>(option)};
}

auto window_size(Event const &event) -> std::optional<WindowSize> {
  if (event.command != Command::subnegotiation || event.option != static_cast<std::uint8_t>(Option::window_size) ||
      event.payload.size() < 4)
    return std::nullopt;
  return WindowSize{load_be<std::uint16_t>(event.payload.data()), load_be<std::uint16_t>(event.payload.data() + 2)};
}

auto terminal_type(Event const &event) -> std::optional<std::string_view> {
  if (event.command != Command::subnegotiation || event.option != static_cast<std::uint8_t>(Option::terminal_type) ||
      event.payload.empty() || event.payload.front() != 0)  // 0: IS
    return std::nullopt;
  return std::string_view{event.payload}.substr(1);
}

}  // namespace noroshi::codec::telnet
