#include "sense/ssh_channels.hpp"

#include <algorithm>
#include <limits>

#include <boost/json.hpp>

#include "base/text.hpp"
#include "sense/ssh_sftp.hpp"
#include "sense/ssh_shell.hpp"
#include "sense/ssh_tunnel.hpp"

namespace noroshi::sense {
namespace {

// A full window and all that a visit's files keep: a client that fills many channels and reads none gets no further.
constexpr auto kMostHeld = std::size_t{4} << 20;

namespace ssh = codec::ssh;
using ssh::Message;

// As many ways into the network as one visit is worth.
constexpr auto kMaxOpened = std::uint32_t{2'000};
// A channel's turn says no more than this; the rest waits until that is sent.
constexpr auto kMostTurn = std::size_t{256} << 10;
constexpr auto kConnectFailed = std::uint32_t{2};  // RFC 4254 section 5.1
constexpr auto kMostText = std::size_t{256};

/// As OpenSSH calls them.
auto name_of(Message number) -> std::string_view {
  switch (number) {
    case Message::channel_open_confirmation: return "open confirmation";
    case Message::channel_open_failure: return "open failure";
    case Message::channel_window_adjust: return "window adjust";
    case Message::channel_data: return "data";
    case Message::channel_extended_data: return "extended data";
    case Message::channel_eof: return "ieof";
    default: return "oclose";
  }
}

auto cut(std::string_view text) -> std::string { return lossless_utf8(text.substr(0, kMostText)); }

}  // namespace

void note_in_ssh(Visit &visit, model::Kind kind, std::string_view words, boost::json::object const &extra) {
  auto const json = boost::json::serialize(extra);
  auto seen = model::Observation{};
  seen.kind = kind;
  seen.extra = json;
  seen.set(model::Field::protocol, std::string_view{"ssh"}).set(model::Field::command, words);
  visit.note(seen);
}

SshChannels::SshChannels(SshPersona const &persona, codec::ssh::Transport &transport)
    : persona_(persona),
      transport_(transport),
      habits_(persona.transport.manners->channels()),
      trailing_(persona.transport.manners->trailing()),
      files_(persona.machine) {}

void SshChannels::take(std::string_view payload, Visit &visit) {
  switch (static_cast<Message>(static_cast<unsigned char>(payload.front()))) {
    case Message::channel_open: return open(payload, visit);
    case Message::channel_request: return request(payload, visit);
    case Message::global_request: return global(payload, visit);
    case Message::request_success:
    case Message::request_failure:
    case Message::channel_success:
    case Message::channel_failure: return;
    case Message::channel_open_confirmation:
    case Message::channel_open_failure:
      (void)is_settled_early(payload, false);  // nothing was opened that this could answer
      return;
    case Message::channel_window_adjust:
    case Message::channel_data:
    case Message::channel_extended_data:
    case Message::channel_eof:
    case Message::channel_close: return message(payload, visit);
    default: transport_.unimplemented();
  }
}

void SshChannels::open(std::string_view payload, Visit &visit) {
  auto const asked = ssh::parse_channel_open(payload, trailing_);
  if (!asked) return transport_.refuse(ssh::Offence::malformed, asked.error().sentence);
  auto const refuse = [&](std::uint32_t reason) {
    transport_.send(ssh::open_failure(asked->sender, reason, habits_.failure_text));
  };
  auto const is_session = asked->type == "session";
  if (is_session && no_more_sessions_) return transport_.refuse(ssh::Offence::second_session, {});
  if (!is_session && asked->type != "direct-tcpip") return refuse(habits_.unknown_type);
  if (channels_.size() >= habits_.most_open || opened_ + failed_ >= kMaxOpened) return refuse(habits_.too_many);
  if (!is_session) {
    note_in_ssh(visit, model::Kind::request, "direct-tcpip",
                {{"host", cut(asked->host)},
                 {"port", asked->port},
                 {"originator", cut(asked->originator)},
                 {"originator_port", asked->originator_port}});
    if (auto const failure = tunnel_failure({asked->host, asked->port}, habits_.names_unresolved); !failure.empty()) {
      ++failed_;
      return transport_.send(ssh::open_failure(asked->sender, kConnectFailed, failure));
    }
  }
  auto const ours = habits_.reuses_numbers ? free_number() : opened_;
  ++opened_;
  auto &channel = channels_[ours];
  channel.theirs = asked->sender;
  channel.window = std::min(asked->window, habits_.most_window);
  channel.most_packet = std::clamp(asked->most_packet, std::uint32_t{1}, habits_.most_packet);
  channel.is_session = is_session;
  if (!is_session) channel.program = make_tunnel({asked->host, asked->port});
  channel.room = is_session ? habits_.session_window : habits_.tunnel_window;
  transport_.send(ssh::open_confirmation(asked->sender, ours, channel.room, habits_.most_packet));
  channel.is_busy = true;
}

auto SshChannels::free_number() const -> std::uint32_t {
  auto number = std::uint32_t{0};
  while (channels_.contains(number)) ++number;
  return number;
}

void SshChannels::request(std::string_view payload, Visit &visit) {
  auto const asked = ssh::parse_channel_request(payload, trailing_);
  if (!asked) return transport_.refuse(ssh::Offence::malformed, asked.error().sentence);
  auto const found = channels_.find(asked->channel);
  if (found == channels_.end())
    return transport_.refuse(ssh::Offence::unknown_channel, fmt::format("server_input_channel_req: unknown channel {}",
                                                                        static_cast<std::int32_t>(asked->channel)));
  auto &channel = found->second;
  auto const answer = [&](bool done) {
    if (asked->wants_reply && !(channel.is_closed && habits_.reads_in_steps))
      transport_.send(ssh::channel_message(done ? Message::channel_success : Message::channel_failure, channel.theirs));
  };
  auto const is_free = channel.is_session && !channel.program;
  if (asked->type == "pty-req" && is_free) {
    if (channel.has_terminal && habits_.reads_in_steps)
      return transport_.refuse(ssh::Offence::unknown_channel, "Protocol error: you already have a pty.");
    if (channel.has_terminal && habits_.is_strict)
      return transport_.refuse(ssh::Offence::malformed, "a second terminal for one session");
    channel.has_terminal = true;
    note_in_ssh(visit, model::Kind::negotiation, "pty-req",
                {{"terminal", cut(asked->text)}, {"columns", asked->columns}, {"rows", asked->rows}});
    answer(true);
  } else if (asked->type == "env" && is_free) {
    note_in_ssh(visit, model::Kind::negotiation, "env", {{"name", cut(asked->text)}, {"value", cut(asked->value)}});
    answer(takes_variable(asked->text));
  } else if (is_free && begin(channel, *asked, visit)) {
    answer(true);
    channel.is_busy = true;
  } else {
    answer((asked->type == "window-change" && (channel.has_terminal || habits_.resizes_any_session)) ||
           asked->type == "auth-agent-req@openssh.com");
  }
}

/// True where the request starts what the channel is for.
auto SshChannels::begin(Channel &channel, ssh::ChannelRequest const &asked, Visit &visit) -> bool {
  if (held() > kMostHeld) return false;
  auto const terminal = channel.has_terminal ? SshTerminal::present : SshTerminal::none;
  if (asked.type == "shell") {
    channel.program = make_ssh_shell(persona_, files_, terminal,
                                     habits_.greets_pipes ? SshGreeting::always : SshGreeting::on_terminals);
  } else if (asked.type == "exec") {
    channel.program = make_ssh_command(persona_, files_, terminal, asked.text, visit);
  } else if (asked.type == "subsystem") {
    note_in_ssh(visit, model::Kind::request, "subsystem", {{"name", cut(asked.text)}});
    if (asked.text == "sftp" && persona_.has_sftp) channel.program = make_sftp(files_, "/root");
  }
  if (!channel.program) return false;
  channel.room += habits_.program_window;
  if (habits_.program_window > 0) transport_.send(ssh::window_adjust(channel.theirs, habits_.program_window));
  return true;
}

auto SshChannels::takes_variable(std::string_view name) const -> bool {
  return std::ranges::any_of(persona_.accept_env, [&](std::string_view known) {
    return known.ends_with('*') ? name.starts_with(known.substr(0, known.size() - 1)) : name == known;
  });
}

void SshChannels::global(std::string_view payload, Visit &visit) {
  auto const asked = ssh::parse_global_request(payload, trailing_);
  if (!asked) return transport_.refuse(ssh::Offence::malformed, asked.error().sentence);
  if (asked->type == "no-more-sessions@openssh.com" && habits_.heeds_last_session) no_more_sessions_ = true;
  auto const forwards = asked->type == "tcpip-forward";
  if (forwards)
    note_in_ssh(visit, model::Kind::request, "tcpip-forward", {{"host", cut(asked->host)}, {"port", asked->port}});
  if (!asked->wants_reply && !(forwards && habits_.always_tells_port)) return;
  if (!forwards) return transport_.send(ssh::request_failure());
  // Nothing listens; a port as Linux would have given it.
  constexpr auto kFirstFree = std::uint32_t{32'768};
  constexpr auto kFree = std::uint32_t{28'232};
  auto const port = asked->port > 0 ? asked->port : kFirstFree + static_cast<std::uint32_t>(visit.random() % kFree);
  transport_.send(asked->port == 0 || habits_.always_tells_port ? ssh::request_success(port) : ssh::request_success());
}

/// Nothing but reading: what programs do to it comes when all that came is read, as they run beside a real server.
void SshChannels::message(std::string_view payload, Visit &visit) {
  auto const read = ssh::parse_channel_message(payload, trailing_);
  if (habits_.reads_in_steps && is_settled_early(payload, read.has_value())) return;
  if (!read) return transport_.refuse(ssh::Offence::malformed, read.error().sentence);
  auto const found = channels_.find(read->channel);
  if (found == channels_.end())
    return transport_.refuse(ssh::Offence::unknown_channel, fmt::format("{} packet referred to nonexistent channel {}",
                                                                        name_of(read->number), read->channel));
  auto &channel = found->second;
  switch (read->number) {
    case Message::channel_window_adjust:
      if (read->amount > habits_.most_window - channel.window && !habits_.clamps_window)
        return transport_.refuse(ssh::Offence::malformed, "a window of more than 4 GiB");
      channel.window += std::min(read->amount, habits_.most_window - channel.window);
      break;
    case Message::channel_data:
      if (channel.has_ended && habits_.is_strict) return transport_.refuse(ssh::Offence::malformed, "data behind EOF");
      hear(channel, read->data);
      break;
    case Message::channel_eof:
      channel.has_ended = true;
      if (!channel.is_session || channel.program || !habits_.empty_eof_closes) break;
      channel.said.is_over = true;  // there is no program to wait for
      work(channel, visit);
      break;
    case Message::channel_close: return close(read->channel, visit);
    default: break;
  }
  channel.is_busy = true;
}

/// Where a message's first fields decide what becomes of it, whatever follows them. True: that is done.
auto SshChannels::is_settled_early(std::string_view payload, bool is_whole) -> bool {
  auto from = ByteReader{payload};
  auto const number = static_cast<Message>(from.big<std::uint8_t>());
  auto const id = from.big<std::uint32_t>();
  auto const refuse = [&](std::string const &sentence) {
    transport_.refuse(ssh::Offence::unknown_channel, sentence);
    return true;
  };
  auto const invalid = [&] { return refuse(fmt::format("Invalid {} message", name_of(number))); };
  if (from.failed()) return invalid();
  if (id > std::numeric_limits<std::int32_t>::max())
    return refuse(fmt::format("Invalid {} channel id", name_of(number)));
  auto const found = channels_.find(id);
  if (found == channels_.end()) {
    if (number == Message::channel_window_adjust) return true;
    return refuse(fmt::format("{} packet referred to nonexistent channel {}", name_of(number), id));
  }
  if (number == Message::channel_open_confirmation || number == Message::channel_open_failure)
    return refuse(fmt::format("Received {} for non-opening channel {}.", name_of(number), id));
  auto const &channel = found->second;
  auto const is_data = number == Message::channel_data || number == Message::channel_extended_data;
  if (is_data && channel.is_session && !channel.program) return true;  // it opens with a program
  if (number == Message::channel_extended_data) {                      // which reads none
    if (channel.has_ended) return refuse(fmt::format("Received extended_data after EOF on channel {}.", id));
    return from.rest().size() < sizeof(std::uint32_t) ? invalid() : true;
  }
  return is_whole || number == Message::channel_data ? false : invalid();
}

void SshChannels::close(std::uint32_t number, Visit &visit) {
  auto &channel = channels_.at(number);
  if (habits_.close_awaits_program) {
    channel.is_left = channel.is_busy = true;
    return;
  }
  if (!channel.is_closed) transport_.send(ssh::channel_message(Message::channel_close, channel.theirs));
  if (channel.program) channel.program->finish(visit);
  channels_.erase(number);
}

/// What stands at a channel's end when all is read that the client sent behind its close.
void SshChannels::leave(Channel &channel, Visit &visit) {
  if (!channel.is_closed && channel.is_session && channel.program) hang_up(channel, visit);
  if (!channel.is_closed) transport_.send(ssh::channel_message(Message::channel_close, channel.theirs));
  if (channel.program) channel.program->finish(visit);
}

/// Nobody hears the program any more: it reads what had come and ends, a shell on a terminal by that being hung up.
void SshChannels::hang_up(Channel &channel, Visit &visit) {
  auto &said = channel.said;
  auto ends_itself = said.is_over;
  for (auto unheard = std::size_t{0}; !ends_itself && unheard < kMostTurn;) {
    said.output.clear();
    said.errors.clear();
    auto const taken = channel.program->take(channel.unread, said, visit);
    channel.unread.erase(0, taken);
    ends_itself = said.is_over;
    unheard += said.output.size();
    if (taken == 0 && said.output.empty()) break;
  }
  if (!ends_itself) channel.program->take_end(said, visit);
  if (!ends_itself && channel.has_terminal)
    transport_.send(ssh::exit_signal(channel.theirs, "HUP"));
  else
    transport_.send(ssh::exit_status(channel.theirs, said.status.value_or(0)));
}

/// What is more than they were allowed is dropped, as OpenSSH drops it.
/// Bytes that wait in all channels: for a program, or for the client's windows.
auto SshChannels::held() const -> std::size_t {
  auto sum = std::size_t{0};
  for (auto const &[number, channel] : channels_)
    sum += channel.unread.size() + channel.said.output.size() + channel.said.errors.size() +
           (channel.program ? channel.program->held() : 0);
  return sum;
}

void SshChannels::hear(Channel &channel, std::string_view bytes) {
  if (!channel.program || channel.is_closed || bytes.size() > channel.room || held() > kMostHeld) return;
  channel.room -= static_cast<std::uint32_t>(bytes.size());
  channel.unread += bytes;
}

void SshChannels::make_room(Channel &channel, std::size_t taken) {
  channel.unread.erase(0, taken);
  channel.taken += static_cast<std::uint32_t>(taken);
  if (channel.taken < habits_.extended_after || channel.has_ended) return;
  channel.room += channel.taken;
  transport_.send(ssh::window_adjust(channel.theirs, std::exchange(channel.taken, 0)));
}

/// Lets the program speak as long as that brings something and the client takes it.
void SshChannels::work(Channel &channel, Visit &visit) {
  if (transport_.holds_messages()) {  // what is said now would pile up behind the keys
    channel.is_busy = true;
    return;
  }
  auto said = flush(channel);
  while (channel.program && !channel.is_closed && channel.said.output.empty() && channel.said.errors.empty() &&
         !channel.said.is_over) {
    channel.is_busy = said > kMostTurn;
    if (channel.is_busy || !work_once(channel, visit)) break;
    said += flush(channel);
  }
  close_if_over(channel);
}

auto SshChannels::work_once(Channel &channel, Visit &visit) -> bool {
  auto const taken = channel.program->take(channel.unread, channel.said, visit);
  make_room(channel, taken);
  auto const goes_on = taken > 0 || !channel.said.output.empty() || channel.said.is_over;
  if (goes_on || !channel.has_ended) return goes_on;
  channel.program->take_end(channel.said, visit);
  channel.said.is_over = true;
  return true;
}

auto SshChannels::go_on(Visit &visit) -> bool {
  auto did = false;
  if (transport_.holds_messages()) return did;
  for (auto at = channels_.begin(); at != channels_.end();) {
    auto const here = at++;
    auto &channel = here->second;
    if (!std::exchange(channel.is_busy, false)) continue;
    did = true;
    if (!channel.is_left) {
      work(channel, visit);
    } else {
      leave(channel, visit);
      channels_.erase(here);
    }
  }
  return did;
}

/// As much as their window takes: how many bytes.
auto SshChannels::flush(Channel &channel) -> std::size_t {
  auto sent = std::size_t{0};
  auto const say = [&](std::string &bytes, auto message) {
    auto at = std::size_t{0};
    while (at < bytes.size() && channel.window > 0 && !channel.is_closed) {
      auto const size = std::min<std::size_t>({bytes.size() - at, channel.window, channel.most_packet});
      transport_.send(message(channel.theirs, std::string_view{bytes}.substr(at, size)));
      at += size;
      channel.window -= static_cast<std::uint32_t>(size);
    }
    bytes.erase(0, at);
    sent += at;
  };
  say(channel.said.output, ssh::channel_data);
  say(channel.said.errors, ssh::channel_error_data);
  return sent;
}

void SshChannels::close_if_over(Channel &channel) {
  auto const &said = channel.said;
  if (!said.is_over || !said.output.empty() || !said.errors.empty() || channel.is_closed) return;
  channel.is_closed = true;
  transport_.send(ssh::channel_message(Message::channel_eof, channel.theirs));
  if (said.status) transport_.send(ssh::exit_status(channel.theirs, *said.status));
  transport_.send(ssh::channel_message(Message::channel_close, channel.theirs));
}

void SshChannels::finish(Visit &visit) {
  for (auto &[number, channel] : channels_)
    if (channel.program) channel.program->finish(visit);
  channels_.clear();
  files_.note_all(visit);
}

}  // namespace noroshi::sense
