// Messages of the connection protocol, as a server reads and writes them (RFC 4254).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "codec/ssh/wire.hpp"

namespace noroshi::codec::ssh {

/// SSH_MSG_CHANNEL_OPEN.
struct ChannelOpen {
  std::string type;  // "session", "direct-tcpip", "x11"…
  std::uint32_t sender = 0, window = 0, most_packet = 0;
  // of direct-tcpip and forwarded-tcpip
  std::string host, originator;
  std::uint32_t port = 0, originator_port = 0;
};
auto parse_channel_open(std::string_view payload, Trailing trailing = Trailing::refused) -> Result<ChannelOpen>;

/// SSH_MSG_CHANNEL_REQUEST. What a type does not have is empty.
struct ChannelRequest {
  std::uint32_t channel = 0;
  std::string type;
  bool wants_reply = false;
  std::string text;   // the command, subsystem, signal, terminal's or variable's name
  std::string value;  // of a variable; a terminal's modes
  std::uint32_t columns = 0, rows = 0;
};
auto parse_channel_request(std::string_view payload, Trailing trailing = Trailing::refused) -> Result<ChannelRequest>;

/// SSH_MSG_GLOBAL_REQUEST.
struct GlobalRequest {
  std::string type;
  bool wants_reply = false;
  std::string host;  // of tcpip-forward
  std::uint32_t port = 0;
};
auto parse_global_request(std::string_view payload, Trailing trailing = Trailing::refused) -> Result<GlobalRequest>;

/// A message that names a channel and nothing, a number, or bytes: adjust, data, extended data, EOF, close…
struct ChannelMessage {
  Message number{};
  std::uint32_t channel = 0;
  std::uint32_t amount = 0;  // of a window adjustment; an extended data's type
  std::string_view data;     // into the payload
};
auto parse_channel_message(std::string_view payload, Trailing trailing = Trailing::refused) -> Result<ChannelMessage>;

auto open_confirmation(std::uint32_t recipient, std::uint32_t sender, std::uint32_t window, std::uint32_t most_packet)
    -> std::string;
/// Reasons: 1 administratively prohibited, 2 connect failed, 3 unknown type, 4 resource shortage.
auto open_failure(std::uint32_t recipient, std::uint32_t reason, std::string_view text) -> std::string;
/// EOF, close, success or failure of a channel.
auto channel_message(Message number, std::uint32_t recipient) -> std::string;
auto window_adjust(std::uint32_t recipient, std::uint32_t bytes) -> std::string;
auto channel_data(std::uint32_t recipient, std::string_view bytes) -> std::string;
/// Standard error.
auto channel_error_data(std::uint32_t recipient, std::string_view bytes) -> std::string;
auto exit_status(std::uint32_t recipient, std::uint32_t status) -> std::string;
/// `signal` without "SIG".
auto exit_signal(std::uint32_t recipient, std::string_view signal) -> std::string;
auto request_failure() -> std::string;
auto request_success() -> std::string;
/// To a forwarding of port 0: which one it is.
auto request_success(std::uint32_t port) -> std::string;

}  // namespace noroshi::codec::ssh
