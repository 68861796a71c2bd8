#include "codec/ssh/channels.hpp"

namespace noroshi::codec::ssh {
namespace {

auto after_number(std::string_view payload) -> ByteReader {
  return ByteReader{payload.substr(std::min<std::size_t>(1, payload.size()))};
}

/// `read`, unless the message ended early or goes on behind it.
template <class Read>
auto whole(ByteReader const &from, Trailing trailing, Read read, std::string_view what) -> Result<Read> {
  if (!is_whole(from, trailing)) return fail(ErrorCode::malformed, "{} has another length than it says", what);
  return read;
}

auto no_text(std::string_view what) -> Error { return fail(ErrorCode::malformed, "a name in {} is no text", what); }

auto begin(Message number, std::uint32_t recipient) -> std::string {
  auto message = begin_message(number);
  append_be(message, recipient);
  return message;
}

}  // namespace

auto parse_channel_open(std::string_view payload, Trailing trailing) -> Result<ChannelOpen> {
  auto from = after_number(payload);
  auto open = ChannelOpen{};
  open.type = read_string(from);
  open.sender = from.big<std::uint32_t>();
  open.window = from.big<std::uint32_t>();
  open.most_packet = from.big<std::uint32_t>();
  if (open.type == "direct-tcpip" || open.type == "forwarded-tcpip") {
    open.host = read_string(from);
    open.port = from.big<std::uint32_t>();
    open.originator = read_string(from);
    open.originator_port = from.big<std::uint32_t>();
  } else if (open.type != "session") {
    (void)from.take(from.rest().size());  // what others carry is theirs
  }
  if (!is_text(open.type, trailing)) return no_text("a channel's opening");
  return whole(from, trailing, std::move(open), "a channel's opening");
}

auto parse_channel_request(std::string_view payload, Trailing trailing) -> Result<ChannelRequest> {
  auto from = after_number(payload);
  auto request = ChannelRequest{};
  request.channel = from.big<std::uint32_t>();
  request.type = read_string(from);
  request.wants_reply = read_flag(from);
  auto const read_size = [&] {
    request.columns = from.big<std::uint32_t>();
    request.rows = from.big<std::uint32_t>();
    (void)from.big<std::uint32_t>();  // pixels
    (void)from.big<std::uint32_t>();
  };
  if (request.type == "pty-req") {
    request.text = read_string(from);
    read_size();
    request.value = read_string(from);
  } else if (request.type == "window-change") {
    read_size();
  } else if (request.type == "env") {
    request.text = read_string(from);
    request.value = read_string(from);
  } else if (request.type == "exec" || request.type == "subsystem" || request.type == "signal") {
    request.text = read_string(from);
  } else if (request.type != "shell") {
    (void)from.take(from.rest().size());
  }
  if (!is_text(request.type, trailing) || !is_text(request.text, trailing)) return no_text("a channel's request");
  return whole(from, trailing, std::move(request), "a channel's request");
}

auto parse_global_request(std::string_view payload, Trailing trailing) -> Result<GlobalRequest> {
  auto from = after_number(payload);
  auto request = GlobalRequest{};
  request.type = read_string(from);
  request.wants_reply = read_flag(from);
  if (request.type == "tcpip-forward" || request.type == "cancel-tcpip-forward") {
    request.host = read_string(from);
    request.port = from.big<std::uint32_t>();
  } else {
    (void)from.take(from.rest().size());
  }
  if (!is_text(request.type, trailing)) return no_text("a global request");
  return whole(from, trailing, std::move(request), "a global request");
}

auto parse_channel_message(std::string_view payload, Trailing trailing) -> Result<ChannelMessage> {
  auto from = ByteReader{payload};
  auto message = ChannelMessage{};
  message.number = static_cast<Message>(from.big<std::uint8_t>());
  message.channel = from.big<std::uint32_t>();
  if (message.number == Message::channel_window_adjust || message.number == Message::channel_extended_data)
    message.amount = from.big<std::uint32_t>();
  if (message.number == Message::channel_data || message.number == Message::channel_extended_data)
    message.data = read_string(from);
  return whole(from, trailing, message, "a channel's message");
}

auto open_confirmation(std::uint32_t recipient, std::uint32_t sender, std::uint32_t window, std::uint32_t most_packet)
    -> std::string {
  auto message = begin(Message::channel_open_confirmation, recipient);
  append_be(message, sender);
  append_be(message, window);
  append_be(message, most_packet);
  return message;
}

auto open_failure(std::uint32_t recipient, std::uint32_t reason, std::string_view text) -> std::string {
  auto message = begin(Message::channel_open_failure, recipient);
  append_be(message, reason);
  append_string(message, text);
  append_string(message, {});
  return message;
}

auto channel_message(Message number, std::uint32_t recipient) -> std::string { return begin(number, recipient); }

auto window_adjust(std::uint32_t recipient, std::uint32_t bytes) -> std::string {
  auto message = begin(Message::channel_window_adjust, recipient);
  append_be(message, bytes);
  return message;
}

auto channel_data(std::uint32_t recipient, std::string_view bytes) -> std::string {
  auto message = begin(Message::channel_data, recipient);
  append_string(message, bytes);
  return message;
}

auto channel_error_data(std::uint32_t recipient, std::string_view bytes) -> std::string {
  auto message = begin(Message::channel_extended_data, recipient);
  append_be(message, std::uint32_t{1});
  append_string(message, bytes);
  return message;
}

auto exit_status(std::uint32_t recipient, std::uint32_t status) -> std::string {
  auto message = begin(Message::channel_request, recipient);
  append_string(message, "exit-status");
  message.push_back('\0');
  append_be(message, status);
  return message;
}

auto exit_signal(std::uint32_t recipient, std::string_view signal) -> std::string {
  auto message = begin(Message::channel_request, recipient);
  append_string(message, "exit-signal");
  message.push_back('\0');
  append_string(message, signal);
  message.push_back('\0');  // no core was dumped
  append_string(message, {});
  append_string(message, {});
  return message;
}

auto request_failure() -> std::string { return begin_message(Message::request_failure); }
auto request_success() -> std::string { return begin_message(Message::request_success); }
auto request_success(std::uint32_t port) -> std::string { return begin(Message::request_success, port); }

}  // namespace noroshi::codec::ssh
