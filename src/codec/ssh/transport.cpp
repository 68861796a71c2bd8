#include "codec/ssh/transport.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "codec/ssh/wire.hpp"

namespace noroshi::codec::ssh {
namespace {

// What may wait for new keys: a client that starts an exchange and never ends it gets no further.
constexpr auto kMostWaiting = std::size_t{64};
// An exchange costs up to 20 ms of a core. Nobody wants new keys before a log-in; behind one, at each 16 KiB of what a
// visit may say.
constexpr auto kMostEarlyExchanges = 8U;
constexpr auto kMostExchanges = 256U;
constexpr auto kFirstLocal = 192U;  // numbers from here on are for extensions (RFC 4250 section 4.1.2)

auto number_of(std::string_view payload) -> Message {
  return payload.empty() ? Message{0} : static_cast<Message>(static_cast<unsigned char>(payload.front()));
}

/// What any side may say at any time, and nobody answers.
auto is_small_talk(Message number) -> bool {
  return number == Message::ignore || number == Message::debug || number == Message::unimplemented;
}

/// Only of a debug message do programs read what it says.
auto is_whole_small_talk(std::string_view payload) -> bool {
  if (number_of(payload) != Message::debug) return true;
  auto from = ByteReader{payload.substr(1)};
  (void)read_flag(from);
  (void)read_string(from);
  (void)read_string(from);
  return !from.failed();
}

auto event(TransportEvent::Kind kind, std::string_view bytes) -> std::optional<TransportEvent> {
  return TransportEvent{kind, std::string{bytes}};
}

}  // namespace

Transport::Transport(TransportSettings const &settings, Random random)
    : settings_(settings),
      random_(random),
      reader_(settings.manners->packets()),
      writer_(std::move(random), settings.manners->packets()) {
  output_ = settings_.version + "\r\n";
  if (settings_.manners->proposes_first()) send_kexinit();
}
Transport::~Transport() = default;

void Transport::feed(std::string_view bytes) {
  if (is_over_) return;
  if (state_ == State::packets)
    reader_.feed(bytes);
  else
    line_ += bytes;
}

auto Transport::next() -> std::optional<TransportEvent> {
  if (is_over_) return std::exchange(refused_, std::nullopt);
  if (state_ == State::version) {
    if (auto happened = read_version(); happened || state_ == State::version) return happened;
  }
  while (!is_over_) {
    auto const packet = reader_.next();
    if (!packet) return offend(packet.error());
    if (!*packet) return std::nullopt;
    if (auto happened = take_packet(**packet)) return happened;
    if (is_keyed_ && !negotiation_ &&
        (reader_.bytes() > settings_.rekey_bytes || writer_.bytes() > settings_.rekey_bytes))
      send_kexinit();
  }
  return std::nullopt;
}

auto Transport::read_version() -> Event {
  for (;;) {
    auto line = settings_.manners->read_version(line_);
    if (line.state == VersionLine::State::incomplete) return std::nullopt;
    line_.erase(0, line.taken);
    if (line.state == VersionLine::State::bad) return offend(Offence::version_line, line.text);
    if (auto happened = take_version(line.text); happened || state_ == State::packets) return happened;
  }
}

auto Transport::take_version(std::string_view line) -> Event {
  if (!line.starts_with("SSH-")) {
    if (lines_++ >= settings_.manners->lines_before_version()) return offend(Offence::version_line, line);
    return std::nullopt;
  }
  if (auto const wrong = settings_.manners->judge_version(line)) return offend(*wrong, line);
  client_version_ = line;
  state_ = State::packets;
  if (!kexinit_sent_) send_kexinit();
  reader_.feed(std::exchange(line_, {}));
  return event(TransportEvent::Kind::version, line);
}

auto Transport::moment() const -> Moment {
  auto moment = Moment{.is_strict = is_strict_ && !is_keyed_ && !awaits_newkeys_, .is_logged_in = is_logged_in_};
  if (awaits_newkeys_)
    moment.awaited = Message::newkeys;
  else if (is_exchanging())
    moment.awaited = Message::kex_first;
  else if (!is_keyed_)
    moment.awaited = Message::kexinit;
  return moment;
}

auto Transport::take_packet(std::string_view payload) -> Event {
  auto const number = number_of(payload);
  if (number == Message::disconnect) {
    auto from = ByteReader{payload.substr(1)};
    (void)from.big<std::uint32_t>();
    is_over_ = true;
    return event(TransportEvent::Kind::left, read_string(from));
  }
  auto const value = static_cast<unsigned>(number);
  switch (settings_.manners->fate(number, moment())) {
    case Fate::ignored: return std::nullopt;
    case Fate::unimplemented: unimplemented(); return std::nullopt;
    case Fate::fatal: return offend(Offence::too_early, fmt::format("message {}", value));
    case Fate::read: break;
  }
  if (value == 0 || value >= kFirstLocal) return offend(Offence::no_message, fmt::format("{}", value));
  if (!is_keyed_ && number >= Message::auth_request) return offend(Offence::too_early, fmt::format("{}", value));
  if (number == Message::kexinit && !is_exchanging() && !awaits_newkeys_) return take_kexinit(payload);
  if (is_exchanging() || awaits_newkeys_) return take_in_kex(payload);
  if (!is_keyed_) return take_in_kex(payload);
  return take_plain(payload);
}

/// While keys are exchanged, the first ones strictly or not.
auto Transport::take_in_kex(std::string_view payload) -> Event {
  auto const number = number_of(payload);
  auto const value = static_cast<unsigned>(number);
  if (std::exchange(drops_next_, false)) return std::nullopt;
  if (number == Message::newkeys && awaits_newkeys_) return take_newkeys(payload);
  if (is_exchanging() && !awaits_newkeys_ && negotiation_->exchange->expects(number)) return take_exchange(payload);
  if (is_strict_ && !is_keyed_)
    return offend(Offence::unexpected_in_kex, fmt::format("{} (seqnr {})", value, reader_.sequence()));
  if (is_small_talk(number)) return is_whole_small_talk(payload) ? Event{} : offend(Offence::malformed, "small talk");
  unimplemented();
  return std::nullopt;
}

auto Transport::take_plain(std::string_view payload) -> Event {
  auto const number = number_of(payload);
  if (is_small_talk(number)) return is_whole_small_talk(payload) ? Event{} : offend(Offence::malformed, "small talk");
  if (number == Message::service_request || number >= Message::auth_request)
    return event(TransportEvent::Kind::message, payload);
  unimplemented();
  return std::nullopt;
}

auto Transport::take_kexinit(std::string_view payload) -> Event {
  if (++exchanges_ > (is_logged_in_ ? kMostExchanges : kMostEarlyExchanges))
    return offend(Offence::malformed_kexinit, "key exchanges without end");
  auto parsed = parse_kexinit(payload, settings_.manners->trailing());
  if (!parsed) return offend(Offence::malformed_kexinit, parsed.error().sentence);
  auto const is_long = [&](std::string_view list) {
    return static_cast<std::size_t>(std::ranges::count(list, ',')) >= settings_.manners->most_names();
  };
  if (std::ranges::any_of(parsed->lists, is_long)) return offend(Offence::malformed_kexinit, "a list with many names");
  if (!kexinit_sent_) send_kexinit();
  auto &[opening, client, server, chosen, exchange] = *negotiation_;
  client = *std::move(parsed);
  opening.client_version = client_version_;
  opening.client_kexinit = payload;
  auto const common = choose(client, server);
  if (!common) return offend(Offence::nothing_common, client[common.error().list]);
  chosen = *common;
  if (!is_keyed_)
    is_strict_ = has_name(client[List::kex], "kex-strict-c-v00@openssh.com") &&
                 has_name(server[List::kex], "kex-strict-s-v00@openssh.com");
  // The first message of all has to be this one.
  if (is_strict_ && !is_keyed_ && reader_.sequence() != 0) return offend(Offence::kexinit_not_first, {});
  auto const *const key = host_key_for(chosen.host_key);
  auto made = key == nullptr
                  ? Result<std::unique_ptr<KeyExchange>>{fail(ErrorCode::malformed, "no such key")}
                  : make_key_exchange(chosen.kex, {opening, *key, chosen.host_key, random_, settings_.choose_group,
                                                   settings_.manners->least_dh_bits()});
  if (!made) return offend(Offence::nothing_common, chosen.kex);
  exchange = *std::move(made);
  drops_next_ = chosen.drops_guess;
  return is_keyed_ ? Event{} : event(TransportEvent::Kind::kexinit, payload);
}

auto Transport::take_exchange(std::string_view payload) -> Event {
  auto &exchange = *negotiation_->exchange;
  auto step = exchange.receive(payload);
  if (!step) return offend(Offence::kex_value, step.error().sentence);
  write(step->reply);
  if (!step->is_over) return std::nullopt;
  if (session_.empty()) session_ = exchange.agreement().hash;
  write(begin_message(Message::newkeys));
  if (!use_keys_out()) return end({}, "the keys that were chosen cannot be used");
  if (!is_keyed_ && has_name(negotiation_->client[List::kex], "ext-info-c") && !settings_.extensions.empty())
    send_extensions();
  awaits_newkeys_ = true;
  return is_keyed_ ? Event{} : event(TransportEvent::Kind::agreed, {});
}

auto Transport::take_newkeys(std::string_view payload) -> Event {
  if (payload.size() != 1) return offend(Offence::malformed_kexinit, "SSH_MSG_NEWKEYS with more behind it");
  if (!use_keys_in()) return end({}, "the keys that were chosen cannot be used");
  negotiation_.reset();
  awaits_newkeys_ = kexinit_sent_ = false;
  for (auto &payload_waiting : std::exchange(waiting_, {})) write(payload_waiting);
  return std::exchange(is_keyed_, true) ? Event{} : event(TransportEvent::Kind::keyed, {});
}

void Transport::send(std::string_view payload) {
  if (is_over_) return;
  if (!kexinit_sent_) return write(payload);
  if (waiting_.size() < kMostWaiting)
    waiting_.emplace_back(payload);
  else
    is_over_ = true;
}

void Transport::unimplemented() {
  auto reply = begin_message(Message::unimplemented);
  append_be(reply, reader_.sequence());
  write(reply);  // while keys are exchanged, too
}

void Transport::log_in() {
  is_logged_in_ = true;
  if (delays_out_) writer_.start_deflating();
  if (delays_in_) reader_.start_inflating();
}

void Transport::send_kexinit() {
  negotiation_ = std::make_unique<Negotiation>();
  negotiation_->server = settings_.proposal;
  random_(negotiation_->server.cookie);
  negotiation_->opening.server_version = settings_.version;
  negotiation_->opening.server_kexinit = to_payload(negotiation_->server);
  write(negotiation_->opening.server_kexinit);
  kexinit_sent_ = true;
}

void Transport::send_extensions() {
  auto message = begin_message(Message::ext_info);
  append_be(message, static_cast<std::uint32_t>(settings_.extensions.size()));
  for (auto const &[name, value] : settings_.extensions) {
    append_string(message, name);
    append_string(message, value);
  }
  write(message);
}

auto Transport::keys_of(char iv, char key, char mac, KeySizes const &sizes) const -> Keys {
  auto const &exchange = *negotiation_->exchange;
  return {exchange.derive(key, session_, sizes.cipher), exchange.derive(iv, session_, sizes.iv),
          exchange.derive(mac, session_, sizes.mac)};
}

auto Transport::is_compressed(std::string_view method) const -> bool {
  return method == "zlib" || (is_logged_in_ && method == "zlib@openssh.com");
}

auto Transport::use_keys_out() -> bool {
  auto const &chosen = negotiation_->chosen;
  auto const sizes = sizes_of(chosen.cipher_out, chosen.mac_out);
  if (!sizes) return false;
  auto made = make_protection(chosen.cipher_out, chosen.mac_out, keys_of('B', 'D', 'F', *sizes), Direction::out);
  if (!made) return false;
  writer_.use(*std::move(made), is_strict_);
  delays_out_ = chosen.compression_out == "zlib@openssh.com";
  if (is_compressed(chosen.compression_out)) writer_.start_deflating();
  return true;
}

auto Transport::use_keys_in() -> bool {
  auto const &chosen = negotiation_->chosen;
  auto const sizes = sizes_of(chosen.cipher_in, chosen.mac_in);
  if (!sizes) return false;
  auto made = make_protection(chosen.cipher_in, chosen.mac_in, keys_of('A', 'C', 'E', *sizes), Direction::in);
  if (!made) return false;
  reader_.use(*std::move(made), is_strict_);
  delays_in_ = chosen.compression_in == "zlib@openssh.com";
  if (is_compressed(chosen.compression_in)) reader_.start_inflating();
  return true;
}

/// RSA's key signs by several names.
auto Transport::host_key_for(std::string_view algorithm) const -> HostKey const * {
  for (auto const *const key : settings_.host_keys) {
    auto const names = key->algorithms();
    if (std::ranges::find(names, algorithm) != names.end()) return key;
  }
  return nullptr;
}

auto Transport::offend(Offence offence, std::string_view detail) -> Event {
  return end(settings_.manners->of(offence, detail), printable(detail.substr(0, 200)));
}

auto Transport::offend(PacketFault fault) -> Event {
  auto const farewell = settings_.manners->of(fault, reader_.padding());
  return end(farewell, farewell.text.empty() ? "a packet that does not prove itself" : farewell.text);
}

auto Transport::ends_in_reset() const -> bool {
  auto const leaves = settings_.manners->leaves_unread();
  if (!is_over_ || leaves == Unread::nothing) return false;
  return state_ == State::version ? !line_.empty() : leaves == Unread::anything && reader_.unread() > 0;
}

auto Transport::end(Farewell const &farewell, std::string sentence) -> Event {
  if (is_over_) return std::nullopt;
  if (state_ == State::version) {
    output_ += farewell.text;
  } else if (farewell.reason) {
    auto message = begin_message(Message::disconnect);
    append_be(message, static_cast<std::uint32_t>(*farewell.reason));
    append_string(message, farewell.text);
    append_string(message, {});  // no language
    write(message);
  }
  is_over_ = true;
  return event(TransportEvent::Kind::offence, sentence);
}

}  // namespace noroshi::codec::ssh
