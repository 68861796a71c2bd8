#include "sense/ssh_channels.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "base/text.hpp"
#include "codec/shell_words.hpp"

namespace noroshi::sense {
namespace {

namespace ssh = codec::ssh;
using ssh::Message;

// As many ways into the network as one visit is worth.
constexpr auto kMaxOpened = std::uint32_t{2'000};
constexpr auto kMostWaiting = std::size_t{256} << 10;  // for a client that reads nothing
constexpr auto kMostFirst = std::size_t{4} << 10;      // kept of what goes into a tunnel
constexpr auto kMostText = std::size_t{256};

void note_extra(Visit &visit, model::Kind kind, std::string_view words, boost::json::object extra) {
  auto const json = boost::json::serialize(extra);
  auto seen = model::Observation{};
  seen.kind = kind;
  seen.extra = json;
  seen.set(model::Field::protocol, std::string_view{"ssh"}).set(model::Field::command, words);
  visit.note(seen);
}

/// As OpenSSH calls them.
auto name_of(Message number) -> std::string_view {
  switch (number) {
    case Message::channel_window_adjust: return "window adjust";
    case Message::channel_data: return "data";
    case Message::channel_extended_data: return "extended data";
    case Message::channel_eof: return "ieof";
    default: return "oclose";
  }
}

auto cut(std::string_view text) -> std::string { return lossless_utf8(text.substr(0, kMostText)); }

}  // namespace

void SshChannels::take(std::string_view payload, Visit &visit) {
  switch (static_cast<Message>(static_cast<unsigned char>(payload.front()))) {
    case Message::channel_open: return open(payload, visit);
    case Message::channel_request: return request(payload, visit);
    case Message::global_request: return global(payload, visit);
    case Message::request_success:
    case Message::request_failure: return;
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
  if (channels_.size() >= habits_.most_open || opened_ >= kMaxOpened) return refuse(habits_.too_many);
  auto const ours = habits_.reuses_numbers ? free_number() : opened_;
  ++opened_;
  auto &channel = channels_[ours];
  channel.theirs = asked->sender;
  channel.window = std::min(asked->window, habits_.most_window);
  channel.most_packet = std::clamp(asked->most_packet, std::uint32_t{1}, habits_.most_packet);
  channel.is_session = is_session;
  if (!is_session) {
    channel.host = asked->host;
    channel.port = asked->port;
    note_extra(visit, model::Kind::request, "direct-tcpip",
               {{"host", cut(asked->host)},
                {"port", asked->port},
                {"originator", cut(asked->originator)},
                {"originator_port", asked->originator_port}});
  }
  transport_.send(ssh::open_confirmation(
      asked->sender, ours, is_session ? habits_.session_window : habits_.tunnel_window, habits_.most_packet));
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
    return transport_.refuse(ssh::Offence::unknown_channel,
                             fmt::format("server_input_channel_req: unknown channel {}", asked->channel));
  auto &channel = found->second;
  auto const answer = [&](bool done) {
    if (asked->wants_reply)
      transport_.send(ssh::channel_message(done ? Message::channel_success : Message::channel_failure, channel.theirs));
  };
  auto const is_free = channel.is_session && !channel.shell;
  if (asked->type == "pty-req" && is_free) {
    if (channel.has_terminal && habits_.is_strict)
      return transport_.refuse(ssh::Offence::malformed, "a second terminal for one session");
    channel.has_terminal = true;
    note_extra(visit, model::Kind::negotiation, "pty-req",
               {{"terminal", cut(asked->text)}, {"columns", asked->columns}, {"rows", asked->rows}});
    answer(true);
  } else if (asked->type == "env" && is_free) {
    note_extra(visit, model::Kind::negotiation, "env", {{"name", cut(asked->text)}, {"value", cut(asked->value)}});
    answer(takes_variable(asked->text));
  } else if ((asked->type == "shell" || asked->type == "exec") && is_free) {
    channel.shell = std::make_unique<Shell>(persona_.machine);
    if (habits_.program_window > 0) transport_.send(ssh::window_adjust(channel.theirs, habits_.program_window));
    answer(true);
    if (asked->type == "exec")
      execute(channel, asked->text, visit);
    else if (channel.has_terminal)  // a shell that reads from a pipe greets nobody
      say(channel, as_terminal(persona_.greeting) + persona_.prompt);
  } else {
    answer((asked->type == "window-change" && (channel.has_terminal || habits_.resizes_any_session)) ||
           asked->type == "auth-agent-req@openssh.com");
  }
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
    note_extra(visit, model::Kind::request, "tcpip-forward", {{"host", cut(asked->host)}, {"port", asked->port}});
  if (!asked->wants_reply && !(forwards && habits_.always_tells_port)) return;
  if (!forwards) return transport_.send(ssh::request_failure());
  // Nothing listens; a port as Linux would have given it.
  constexpr auto kFirstFree = std::uint32_t{32'768};
  constexpr auto kFree = std::uint32_t{28'232};
  auto const port = asked->port > 0 ? asked->port : kFirstFree + static_cast<std::uint32_t>(visit.random() % kFree);
  transport_.send(asked->port == 0 || habits_.always_tells_port ? ssh::request_success(port) : ssh::request_success());
}

void SshChannels::message(std::string_view payload, Visit &visit) {
  auto const read = ssh::parse_channel_message(payload, trailing_);
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
      flush(channel);
      break;
    case Message::channel_data:
      if (channel.got_eof && habits_.is_strict) return transport_.refuse(ssh::Offence::malformed, "data behind EOF");
      channel.received += static_cast<std::uint32_t>(read->data.size());
      if (channel.received >= habits_.extended_after)
        transport_.send(ssh::window_adjust(channel.theirs, std::exchange(channel.received, 0)));
      if (channel.is_session)
        typed(channel, read->data, visit);
      else
        forward(channel, read->data);
      break;
    case Message::channel_eof:
      channel.got_eof = true;
      if (channel.shell && !channel.is_closed) end(channel, 0);
      if (channel.is_session && !channel.shell && !channel.is_closed && habits_.empty_eof_closes) {
        channel.is_closed = true;
        transport_.send(ssh::channel_message(Message::channel_eof, channel.theirs));
        transport_.send(ssh::channel_message(Message::channel_close, channel.theirs));
      }
      break;
    case Message::channel_close:
      if (!channel.is_closed) transport_.send(ssh::channel_message(Message::channel_close, channel.theirs));
      note_forward(channel, visit);
      if (channel.shell) channel.shell->finish(visit);
      channels_.erase(found);
      break;
    default: break;
  }
}

void SshChannels::typed(Channel &channel, std::string_view bytes, Visit &visit) {
  if (!channel.shell || channel.is_closed) return;
  auto shown = std::string{};
  for (auto const character : bytes) {
    if (channel.has_terminal && character == '\x04' && channel.line.text().empty()) {  // Ctrl-D
      say(channel, shown + "logout\r\n");
      return end(channel, 0);
    }
    auto echo = std::string{};
    auto const complete = channel.line.key(character, TypedLine::Echo::shown, codec::kMaxShellLine, echo);
    if (channel.has_terminal) shown += echo;
    if (!complete) continue;
    auto const line = channel.line.take();
    auto const output = line.empty() ? std::string{} : channel.shell->run(line, visit);
    shown += channel.has_terminal ? as_terminal(output) : output;
    if (channel.shell->left()) {
      say(channel, shown);
      return end(channel, 0);
    }
    if (channel.has_terminal) shown += persona_.prompt;
  }
  say(channel, shown);
}

void SshChannels::execute(Channel &channel, std::string const &command, Visit &visit) {
  auto output = std::string{};
  for (auto rest = std::string_view{command}; !rest.empty() && !channel.shell->left();) {
    auto const line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (!line.empty()) output += channel.shell->run(line.substr(0, codec::kMaxShellLine), visit);
  }
  say(channel, channel.has_terminal ? as_terminal(output) : output);
  end(channel, 0);
}

/// Nothing is connected. What came first is kept, for it says what the way was for.
void SshChannels::forward(Channel &channel, std::string_view bytes) {
  channel.first += bytes.substr(0, kMostFirst - std::min(kMostFirst, channel.first.size()));
}

void SshChannels::note_forward(Channel &channel, Visit &visit) {
  if (channel.is_session || channel.first.empty()) return;
  auto const extra = boost::json::serialize(boost::json::object{{"host", cut(channel.host)}, {"port", channel.port}});
  auto seen = model::Observation{};
  seen.kind = model::Kind::payload;
  seen.extra = extra;
  seen.set(model::Field::protocol, std::string_view{"ssh"}).set(model::Field::payload, std::string_view{channel.first});
  visit.note(seen);
  channel.first.clear();
}

void SshChannels::say(Channel &channel, std::string_view bytes) {
  channel.waiting += bytes.substr(0, kMostWaiting - std::min(kMostWaiting, channel.waiting.size()));
  flush(channel);
}

void SshChannels::end(Channel &channel, std::uint32_t status) {
  channel.ends_with = status;
  flush(channel);
}

/// As much as their window takes; behind the last byte the end, where there is one.
void SshChannels::flush(Channel &channel) {
  while (!channel.waiting.empty() && channel.window > 0 && !channel.is_closed) {
    auto const size = std::min<std::size_t>({channel.waiting.size(), channel.window, channel.most_packet});
    transport_.send(ssh::channel_data(channel.theirs, std::string_view{channel.waiting}.substr(0, size)));
    channel.waiting.erase(0, size);
    channel.window -= static_cast<std::uint32_t>(size);
  }
  if (channel.ends_with == kRuns || !channel.waiting.empty() || channel.is_closed) return;
  channel.is_closed = true;
  transport_.send(ssh::channel_message(Message::channel_eof, channel.theirs));
  transport_.send(ssh::exit_status(channel.theirs, channel.ends_with));
  transport_.send(ssh::channel_message(Message::channel_close, channel.theirs));
}

void SshChannels::finish(Visit &visit) {
  for (auto &[number, channel] : channels_) {
    note_forward(channel, visit);
    if (channel.shell) channel.shell->finish(visit);
  }
  channels_.clear();
}

}  // namespace noroshi::sense
