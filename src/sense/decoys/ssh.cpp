// SSH: a server's whole conversation, of which the persona says whose. Every pair, key and command is recorded; the
// persona says which pairs open the shell, and after how many tries any does.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "base/text.hpp"
#include "codec/ssh/auth.hpp"
#include "codec/ssh/host_key.hpp"
#include "codec/ssh/kexinit.hpp"
#include "codec/ssh/transport.hpp"
#include "sense/decoy.hpp"
#include "sense/ssh_channels.hpp"
#include "sense/ssh_persona.hpp"

namespace noroshi::sense {
namespace {

namespace ssh = codec::ssh;
using ssh::Message;

/// Said in one go; more is sent first.
constexpr auto kMostTurn = std::size_t{64} << 10;
/// A name or password; a longer one is cut.
constexpr auto kMaxName = std::size_t{256};

void note_hello(Visit &visit, ssh::Transport const &transport) {
  auto const &client = *transport.client_kexinit();
  auto const digest = hassh(client);
  auto const extra =
      boost::json::serialize(boost::json::object{{"kex", lossless_utf8(client[ssh::List::kex])},
                                                 {"host_keys", lossless_utf8(client[ssh::List::host_keys])},
                                                 {"ciphers", lossless_utf8(client[ssh::List::ciphers_in])},
                                                 {"macs", lossless_utf8(client[ssh::List::macs_in])},
                                                 {"compression", lossless_utf8(client[ssh::List::compression_in])},
                                                 {"chosen", lossless_utf8(transport.chosen().kex)}});
  auto seen = model::Observation{};
  seen.kind = model::Kind::hello;
  seen.extra = extra;
  seen.set(model::Field::protocol, std::string_view{"ssh"})
      .set(model::Field::client_version, std::string_view{transport.client_version()})
      .set(model::Field::hassh, std::string_view{digest});
  visit.note(seen);
}

/// Of a client that said no more than that.
void note_version(Visit &visit, std::string_view version) {
  auto seen = model::Observation{};
  seen.kind = model::Kind::hello;
  seen.set(model::Field::protocol, std::string_view{"ssh"}).set(model::Field::client_version, version);
  visit.note(seen);
}

void note_malformed(Visit &visit, std::string_view what, std::string_view client_version) {
  auto seen = model::Observation{};
  seen.kind = model::Kind::malformed;
  seen.set(model::Field::protocol, std::string_view{"ssh"}).set(model::Field::reason, what);
  if (!client_version.empty()) seen.set(model::Field::client_version, client_version);
  visit.note(seen);
}

void note_login(Visit &visit, ssh::AuthRequest const &request, bool accepted) {
  auto extra = boost::json::object{{"method", lossless_utf8(request.method.substr(0, kMaxName))}};
  if (!request.key_blob.empty()) {
    extra["key_algorithm"] = lossless_utf8(request.key_algorithm.substr(0, kMaxName));
    extra["fingerprint"] = ssh::fingerprint(request.key_blob);
    extra["key"] = to_base64(std::string_view{request.key_blob}.substr(0, 2'048));
  }
  auto const json = boost::json::serialize(extra);
  auto seen = model::Observation{};
  seen.kind = model::Kind::login;
  seen.extra = json;
  seen.set(model::Field::protocol, std::string_view{"ssh"})
      .set(model::Field::username, std::string_view{request.user}.substr(0, kMaxName))
      .set(model::Field::accepted, std::int64_t{accepted ? 1 : 0});
  if (request.method == "password" || request.method == "keyboard-interactive")
    seen.set(model::Field::password, std::string_view{request.password}.substr(0, kMaxName));
  visit.note(seen);
}

/// One visitor's conversation without its waiting.
class Conversation {
public:
  Conversation(SshPersona const &persona, std::unique_ptr<WaitingRoom::Place> place, Visit &visit)
      : persona_(persona),
        place_(std::move(place)),
        manners_(*persona.transport.manners),
        transport_(persona.transport, [&visit](std::span<char> to) {
          for (auto at = std::size_t{0}; at < to.size(); at += 8) {
            auto const random = visit.random();
            std::memcpy(to.data() + at, &random, std::min<std::size_t>(8, to.size() - at));
          }
        }) {}

  /// What is said, behind a pause.
  struct Step {
    Duration pause{};
    std::string bytes;
  };
  using Turn = std::vector<Step>;

  [[gnu::noinline]] void hear(std::string_view bytes) { transport_.feed(bytes); }
  [[nodiscard]] auto greeting() -> std::string { return transport_.take_output(); }
  [[nodiscard]] auto over() const -> bool { return transport_.is_over(); }
  [[nodiscard]] auto ends_in_reset() const -> bool { return transport_.ends_in_reset(); }

  /// What came next and what is said to it, as far as there is something or until it has to wait.
  [[gnu::noinline]] auto turn(Visit &visit) -> Turn {
    auto turn = Turn(1);
    auto sent_at_once = std::size_t{0};
    do {
      auto const was_over = transport_.is_over();
      auto const happened = transport_.next();
      if (happened) take(*happened, visit, turn);
      happened_ = happened.has_value() || (channels_ && !transport_.is_over() && channels_->go_on(visit));
      auto const said = transport_.take_output();
      // Behind a log-in some send when they have read all there is: where they end without a word, so do these.
      if (manners_.loses_unsent() && channels_ && !was_over && transport_.is_over() && said.empty())
        turn.back().bytes.resize(std::min(turn.back().bytes.size(), sent_at_once));
      turn.back().bytes += said;
      if (happened && is_answered_at_once(*happened) && !said.empty()) sent_at_once = turn.back().bytes.size();
    } while (happened_ && turn.size() == 1 && turn.back().bytes.size() < kMostTurn);
    return turn;
  }
  [[nodiscard]] auto goes_on() const -> bool { return happened_; }

  [[gnu::noinline]] void finish(Visit &visit) {
    if (!was_noted_ && !transport_.client_version().empty()) note_version(visit, transport_.client_version());
    if (channels_) channels_->finish(visit);
  }

private:
  void take(ssh::TransportEvent const &happened, Visit &visit, Turn &turn) {
    using enum ssh::TransportEvent::Kind;
    auto const *const client = transport_.client_kexinit();
    auto const has_lists = client != nullptr && !(*client)[ssh::List::kex].empty();
    if ((happened.kind == kexinit || (happened.kind == offence && has_lists)) && !std::exchange(was_noted_, true))
      note_hello(visit, transport_);
    if (happened.kind == agreed) turn.push_back({persona_.delays.kex, {}});
    if (happened.kind == offence) note_malformed(visit, happened.bytes, transport_.client_version());
    if (happened.kind == message) take_message(happened.bytes, visit, turn);
  }

  /// Behind a log-in answers wait until all is read, but not those to a global request and to what nobody knows: they
  /// are sent at once, and all before with them.
  static auto is_answered_at_once(ssh::TransportEvent const &happened) -> bool {
    if (happened.kind != ssh::TransportEvent::Kind::message) return false;
    auto const number = static_cast<Message>(static_cast<unsigned char>(happened.bytes.front()));
    return number < Message::channel_open || number > Message::channel_failure;
  }

  /// What is said from here on is said later.
  void wait(Turn &turn, Duration pause) {
    turn.back().bytes += transport_.take_output();
    turn.push_back({pause, {}});
  }

  void take_message(std::string_view payload, Visit &visit, Turn &turn) {
    auto const number = static_cast<Message>(static_cast<unsigned char>(payload.front()));
    if (channels_ && number >= Message::global_request) return channels_->take(payload, visit);
    if (number == Message::service_request) return begin_service(payload);
    if (channels_) return transport_.unimplemented();
    if (number == Message::auth_request && (serves_auth_ || !manners_.wants_service()))
      return take_request(payload, visit, turn);
    if (number == Message::auth_info_response && has_asked_) return take_answer(payload, visit, turn);
    transport_.unimplemented();
  }

  void begin_service(std::string_view payload) {
    auto const service = ssh::parse_service_request(payload, manners_.trailing());
    if (!service) return transport_.refuse(ssh::Offence::malformed, service.error().sentence);
    if (!manners_.serves(*service, channels_ != nullptr)) return transport_.refuse(ssh::Offence::service, *service);
    serves_auth_ = true;
    transport_.send(ssh::service_accept(*service));
    if (!persona_.banner.empty() && !channels_) transport_.send(ssh::auth_banner(persona_.banner));
  }

  void take_request(std::string_view payload, Visit &visit, Turn &turn) {
    auto request = ssh::parse_auth_request(payload, manners_.trailing());
    if (!request) return transport_.refuse(ssh::Offence::malformed, request.error().sentence);
    if (!manners_.logs_in_to(request->service)) return transport_.refuse(ssh::Offence::service, request->service);
    if (request->user.size() <= manners_.most_user_bytes() && !keeps_user(*request))
      return transport_.refuse(ssh::Offence::other_user,
                               fmt::format("({},{}) -> ({},{})", user_, service_, request->user, request->service));
    if (request->method == "none") return refuse(visit, *request, turn);
    if (request->method == "keyboard-interactive" && ssh::has_name(persona_.methods, "keyboard-interactive")) {
      asked_ = std::make_unique<ssh::AuthRequest>(*std::move(request));
      has_asked_ = true;
      is_admitted_ = false;
      return transport_.send(ssh::info_request("", "", {"Password: "}));
    }
    decide(*request, visit, turn);
  }

  /// Whether this is the one who began to log in; who begins is remembered.
  auto keeps_user(ssh::AuthRequest const &request) -> bool {
    if ((user_.empty() && service_.empty()) || manners_.may_change_user()) {
      user_ = request.user;
      service_ = request.service;
    }
    return user_ == request.user && service_ == request.service;
  }

  /// PAM asks for the password, and when it is right says so with a question that asks nothing.
  void take_answer(std::string_view payload, Visit &visit, Turn &turn) {
    auto request = std::exchange(asked_, nullptr);
    auto answers = ssh::parse_info_response(payload, 1);
    if (!request || !answers || answers->size() != (is_admitted_ ? 0 : 1))
      return transport_.refuse(ssh::Offence::malformed, "answers that were not asked for");
    if (is_admitted_) return let_in(visit, *request, turn);
    request->password = std::move(answers->front());
    if (!admits(*request, visit)) return refuse(visit, *request, turn);
    is_admitted_ = true;
    asked_ = std::move(request);
    transport_.send(ssh::info_request("", "", {}));
  }

  void decide(ssh::AuthRequest const &request, Visit &visit, Turn &turn) {
    auto const is_tried = request.method == "password" && ssh::has_name(persona_.methods, request.method);
    if (!is_tried || request.changes_password || !admits(request, visit)) return refuse(visit, request, turn);
    let_in(visit, request, turn);
  }

  [[nodiscard]] auto admits(ssh::AuthRequest const &request, Visit const &visit) const -> bool {
    return request.user.size() <= manners_.most_user_bytes() &&
           request.password.size() <= manners_.most_password_bytes() &&
           persona_.logins->admits(visit.encounter(), request.user, request.password);
  }

  void let_in(Visit &visit, ssh::AuthRequest const &request, Turn &turn) {
    note_login(visit, request, true);
    wait(turn, persona_.delays.login);
    transport_.send(ssh::auth_success());
    transport_.log_in();
    place_.reset();
    wait(turn, persona_.delays.session);
    if (persona_.tells_host_keys) transport_.send(host_keys_message());
    channels_ = std::make_unique<SshChannels>(persona_, transport_);
  }

  [[nodiscard]] auto host_keys_message() const -> std::string {
    auto message = ssh::begin_message(Message::global_request);
    ssh::append_string(message, "hostkeys-00@openssh.com");
    message.push_back('\0');
    for (auto const &key : persona_.keys) ssh::append_string(message, key->public_blob());
    return message;
  }

  void refuse(Visit &visit, ssh::AuthRequest const &request, Turn &turn) {
    if (request.method != "none") note_login(visit, request, false);
    auto const cost = manners_.refusal(request.method, ssh::has_name(persona_.methods, request.method),
                                       !std::exchange(was_refused_, true));
    if (cost.counts) ++tries_;
    auto const spent = cost.waits ? persona_.delays.of_refusal(visit.random()) : Duration{};
    wait(turn, cost.doubles ? persona_.delays.until_refusal(spent, request.user) : spent);
    if (tries_ >= persona_.max_tries) return transport_.refuse(ssh::Offence::many_tries, {});
    transport_.send(ssh::auth_failure(persona_.methods));
  }

  SshPersona const &persona_;
  std::unique_ptr<WaitingRoom::Place> place_;  // until somebody has logged in
  ssh::Manners const &manners_;
  ssh::Transport transport_;
  std::unique_ptr<SshChannels> channels_;    // once logged in
  std::unique_ptr<ssh::AuthRequest> asked_;  // keyboard-interactive that waits for its answer
  std::string user_, service_;               // of the first request
  int tries_ = 0;
  bool serves_auth_ = false;
  bool was_refused_ = false;
  bool was_noted_ = false;    // who the client is
  bool has_asked_ = false;    // about a password, ever
  bool is_admitted_ = false;  // by the answer to that; only to be told
  bool happened_ = false;
};

class SshDecoy final : public Decoy {
public:
  [[nodiscard]] auto usual_persona() const -> std::string_view override { return "debian"; }

  auto dress(Persona const &persona) -> Result<void> override {
    TRY(persona_, SshPersona::create(persona));
    return ok;
  }

  auto prepare(Persona const &persona) -> Result<void> override { return persona_->make_keys(persona); }

  auto converse(Visit &visit) const -> Task<Result<void>> override {
    auto place = persona_->waiting ? persona_->waiting->enter(visit.encounter()) : nullptr;
    if (persona_->waiting && !place) co_return ok;  // turned away without a word
    auto const conversation = std::make_unique<Conversation>(*persona_, std::move(place), visit);
    if (persona_->delays.greeting > Duration{}) CO_TRY_VOID(co_await visit.pause(persona_->delays.greeting));
    auto talking = talk(visit, *conversation);
    auto const outcome = co_await std::move(talking);
    conversation->finish(visit);  // files are noted however the visit ended
    co_return outcome;
  }

private:
  static auto talk(Visit &visit, Conversation &conversation) -> Task<Result<void>> {
    auto const greeting = conversation.greeting();
    CO_TRY_VOID(co_await visit.reply(greeting));
    while (!conversation.over()) {
      CO_TRY(auto const bytes, co_await visit.read_some());
      conversation.hear(bytes);
      do {
        auto const turn = conversation.turn(visit);
        for (auto const &step : turn) {
          if (step.pause > Duration{}) CO_TRY_VOID(co_await visit.pause(step.pause));
          if (!step.bytes.empty()) CO_TRY_VOID(co_await visit.reply(step.bytes));
        }
        // What came while it was busy is read before it says more.
        if (std::ranges::any_of(turn, [](auto const &step) { return step.pause > Duration{}; }))
          CO_TRY_VOID(co_await hear_more(visit, conversation));
      } while (conversation.goes_on());
    }
    if (conversation.ends_in_reset()) visit.reset_at_end();
    co_return ok;
  }

  static auto hear_more(Visit &visit, Conversation &conversation) -> Task<Result<void>> {
    CO_TRY(auto const there, co_await visit.peek(1, Duration{}));
    if (there.empty()) co_return ok;
    CO_TRY(auto const bytes, co_await visit.read_some());
    conversation.hear(bytes);
    co_return ok;
  }

  std::shared_ptr<SshPersona> persona_;  // only read once visits begin
};

Registered<Decoy, SshDecoy> const decoy{"ssh"};

}  // namespace
}  // namespace noroshi::sense
