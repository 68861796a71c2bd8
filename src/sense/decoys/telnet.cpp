// Telnet: the log-in of a BusyBox machine. Every pair is recorded; the persona says which open the shell, and after how
// many tries any does.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/text.hpp"
#include "codec/telnet.hpp"
#include "sense/decoy.hpp"
#include "sense/login_policy.hpp"
#include "sense/shell.hpp"
#include "sense/typed_line.hpp"

namespace noroshi::sense {
namespace {

using codec::telnet::Command;
using codec::telnet::Option;

/// A name or password; a longer one is cut, its bytes were counted.
constexpr auto kMaxName = std::size_t{256};
/// Negotiation steps noted; a client has a dozen, a flood has thousands.
constexpr auto kMaxNotedEvents = 32;
/// Lines of a session; the byte caps end it earlier unless lines are empty.
constexpr auto kMaxLines = 10'000;

void note_event(Visit &visit, codec::telnet::Event const &event) {
  auto const words = to_string(event);
  auto extra = boost::json::object{};
  if (auto const size = window_size(event)) extra = {{"columns", size->columns}, {"rows", size->rows}};
  if (auto const type = terminal_type(event)) extra["terminal"] = lossless_utf8(*type);
  auto const json = extra.empty() ? std::string{} : boost::json::serialize(extra);
  auto seen = model::Observation{};
  seen.kind = model::Kind::negotiation;
  seen.extra = json;
  seen.set(model::Field::command, std::string_view{words});
  visit.note(seen);
}

void note_login(Visit &visit, std::string_view user, std::string_view password, bool accepted) {
  auto seen = model::Observation{};
  seen.kind = model::Kind::login;
  seen.set(model::Field::protocol, std::string_view{"telnet"})
      .set(model::Field::username, user)
      .set(model::Field::password, password)
      .set(model::Field::accepted, std::int64_t{accepted ? 1 : 0});
  visit.note(seen);
}

/// What the persona decides.
struct Manners {
  ShellMachine machine;
  std::string greeting;
  std::string prompt;
  std::shared_ptr<LoginPolicy const> logins;
  std::int64_t max_tries = 3;
  Duration fail_delay{};

  [[nodiscard]] auto ask() const -> std::string { return machine.host_name + " login: "; }
};

/// One visitor's dialogue without its waiting: bytes in, bytes out. It is small while the visitor is silent, since
/// thousands are; the shell comes with the log-in.
class Dialogue {
public:
  explicit Dialogue(Manners const &manners) : manners_(manners) {}

  struct Turn {
    std::string text;
    Duration pause{};  // before it
  };

  // Not inlined: an Observation on the coroutine's frame would cost every silent session half a kilobyte.
  [[gnu::noinline]] void hear(std::string_view bytes, Visit &visit) {
    auto events = std::vector<codec::telnet::Event>{};
    parser_.feed(bytes, typed_, events);
    for (auto const &event : events)
      if (noted_events_++ < kMaxNotedEvents) note_event(visit, event);
  }
  [[nodiscard]] auto has_typed() const -> bool { return !typed_.empty() && !over_; }
  [[nodiscard]] auto over() const -> bool { return over_; }

  /// Takes typed bytes up to the end of a line, or all, and answers them.
  [[gnu::noinline]] auto turn(Visit &visit) -> Turn {
    auto turn = Turn{};
    auto used = std::size_t{0};
    auto complete = false;
    auto const echo = state_ == State::password ? TypedLine::Echo::hidden : TypedLine::Echo::shown;
    auto const most = state_ == State::shell ? codec::kMaxShellLine : kMaxName;
    while (used < typed_.size() && !complete) complete = line_.key(typed_[used++], echo, most, turn.text);
    typed_.erase(0, used);
    if (complete) answer(line_.take(), visit, turn);
    return turn;
  }

  [[gnu::noinline]] void finish(Visit &visit) {
    if (shell_) shell_->finish(visit);
  }

private:
  enum class State : std::uint8_t { user, password, shell };

  void answer(std::string line, Visit &visit, Turn &turn) {
    over_ = ++lines_ >= kMaxLines;
    if (state_ == State::user) {
      turn.text += line.empty() ? manners_.ask() : "Password: ";
      state_ = line.empty() ? State::user : State::password;
      user_ = std::move(line);
    } else if (state_ == State::password) {
      log_in(line, visit, turn);
    } else {
      if (!line.empty()) turn.text += as_terminal(shell_->run(line, visit));
      over_ |= shell_->left();
      if (!over_) turn.text += manners_.prompt;
    }
  }

  void log_in(std::string_view password, Visit &visit, Turn &turn) {
    ++tries_;
    auto const accepted = manners_.logins->admits(visit.encounter(), user_, password);
    note_login(visit, user_, password, accepted);
    if (accepted) {
      shell_ = std::make_unique<Shell>(manners_.machine);
      state_ = State::shell;
      turn.text +=
          fmt::format("\r\n\r\n{} built-in shell (ash)\r\nEnter 'help' for a list of built-in commands.\r\n\r\n{}",
                      manners_.machine.busybox, manners_.prompt);
      return;
    }
    state_ = State::user;
    over_ |= tries_ >= manners_.max_tries;
    turn.pause = manners_.fail_delay;
    turn.text += "Login incorrect\r\n";
    if (!over_) turn.text += manners_.ask();
  }

  Manners const &manners_;
  codec::telnet::Parser parser_;
  std::string typed_;  // bytes behind telnet, not yet taken
  TypedLine line_;
  std::string user_;
  std::unique_ptr<Shell> shell_;
  int noted_events_ = 0;
  int tries_ = 0;
  int lines_ = 0;
  State state_ = State::user;
  bool over_ = false;
};

class TelnetDecoy final : public Decoy {
public:
  [[nodiscard]] auto usual_persona() const -> std::string_view override { return "router"; }

  auto dress(Persona const &persona) -> Result<void> override {
    TRY(manners_.machine, ShellMachine::create(persona));
    manners_.greeting = negotiate(Command::do_, Option::echo) + negotiate(Command::do_, Option::window_size) +
                        negotiate(Command::will, Option::echo) + negotiate(Command::will, Option::suppress_go_ahead) +
                        persona.text("telnet.banner", "\r\n") + manners_.ask();
    manners_.prompt = persona.with_host(persona.text("telnet.prompt", "# "));
    TRY(manners_.logins, LoginPolicy::create(persona, "telnet"));
    TRY(manners_.max_tries, persona.number("telnet.max_tries", 3));
    TRY(auto const delay, persona.number("telnet.fail_delay_ms", 1000));
    if (manners_.max_tries < 1 || manners_.max_tries > 100 || delay < 0 || delay > 30'000)
      return fail(ErrorCode::malformed, "persona {}: telnet.max_tries is 1 to 100, telnet.fail_delay_ms 0 to 30000",
                  persona.name());
    manners_.fail_delay = std::chrono::milliseconds{delay};
    return ok;
  }

  auto converse(Visit &visit) const -> Task<Result<void>> override {
    auto dialogue = Dialogue{manners_};
    auto talking = talk(visit, dialogue);
    auto const outcome = co_await std::move(talking);
    dialogue.finish(visit);  // files are noted however the visit ended
    co_return outcome;
  }

private:
  auto talk(Visit &visit, Dialogue &dialogue) const -> Task<Result<void>> {
    CO_TRY_VOID(co_await visit.reply(manners_.greeting));
    while (!dialogue.over()) {
      CO_TRY(auto const bytes, co_await visit.read_some());
      dialogue.hear(bytes, visit);
      while (dialogue.has_typed()) {
        auto const turn = dialogue.turn(visit);
        if (turn.pause > Duration{}) CO_TRY_VOID(co_await visit.pause(turn.pause));
        CO_TRY_VOID(co_await visit.reply(turn.text));
      }
    }
    co_return ok;
  }

  Manners manners_;
};

Registered<Decoy, TelnetDecoy> const telnet{"telnet"};

}  // namespace
}  // namespace noroshi::sense
