// Telnet: the log-in of a BusyBox machine. Every pair is recorded; the persona says which open the shell, and after how
// many tries any does.
#include <algorithm>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "base/text.hpp"
#include "codec/telnet.hpp"
#include "sense/decoy.hpp"
#include "sense/shell.hpp"

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

enum class Echo : std::uint8_t { off, on };

/// What a visitor's typing has come to.
struct Keyboard {
  codec::telnet::Parser parser;
  std::string typed;  // bytes behind telnet, not yet taken as lines
  bool after_return = false;
  int noted_events = 0;
};

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

void feed(Keyboard &keyboard, std::string_view bytes, Visit &visit) {
  auto events = std::vector<codec::telnet::Event>{};
  keyboard.parser.feed(bytes, keyboard.typed, events);
  for (auto const &event : events)
    if (keyboard.noted_events++ < kMaxNotedEvents) note_event(visit, event);
}

/// One typed line, its echo, and whether it is complete.
class Line {
public:
  explicit Line(std::size_t limit) : limit_(limit) {}
  /// Takes from the front of what was typed, up to the line's end.
  void take(Keyboard &keyboard) {
    auto used = std::size_t{0};
    while (used < keyboard.typed.size() && !complete_) key(keyboard.typed[used++], keyboard.after_return);
    keyboard.typed.erase(0, used);
  }
  [[nodiscard]] auto complete() const -> bool { return complete_; }
  auto text() -> std::string & { return text_; }
  auto echo() -> std::string & { return echo_; }

private:
  void key(char character, bool &after_return) {
    auto const continues_return = std::exchange(after_return, character == '\r');
    if (continues_return && (character == '\n' || character == '\0')) return;  // RFC 854: CR LF and CR NUL are one end
    if (character == '\r' || character == '\n') {
      complete_ = true;
      echo_ += "\r\n";
    } else if (character == '\b' || character == '\x7f') {
      if (text_.empty()) return;
      text_.pop_back();
      echo_ += "\b \b";
    } else if (character == '\x03') {
      text_.clear();
      complete_ = true;
      echo_ += "^C\r\n";
    } else if (character != '\0' && text_.size() < limit_) {
      text_ += character;
      echo_ += character;
    }
  }
  std::size_t limit_;
  std::string text_;
  std::string echo_;
  bool complete_ = false;
};

auto read_line(Visit &visit, Keyboard &keyboard, Echo echo, std::size_t limit) -> Task<Result<std::string>> {
  auto line = Line{limit};
  while (true) {
    line.take(keyboard);
    if (!line.complete()) {
      if (echo == Echo::on && !line.echo().empty()) CO_TRY_VOID(co_await visit.reply(line.echo()));
      line.echo().clear();
      CO_TRY(auto const bytes, co_await visit.read_some());
      feed(keyboard, bytes, visit);
      continue;
    }
    CO_TRY_VOID(co_await visit.reply(echo == Echo::on ? std::string_view{line.echo()} : std::string_view{"\r\n"}));
    co_return std::move(line.text());
  }
}

auto as_terminal(std::string_view text) -> std::string {
  auto shown = std::string{};
  shown.reserve(text.size() + 16);
  for (auto const character : text) {
    if (character == '\n') shown += '\r';
    shown += character;
  }
  return shown;
}

class TelnetDecoy final : public Decoy {
public:
  [[nodiscard]] auto usual_persona() const -> std::string_view override { return "router"; }

  auto dress(Persona const &persona) -> Result<void> override {
    TRY(machine_, ShellMachine::create(persona));
    banner_ = persona.text("telnet.banner", "\r\n");
    prompt_ = persona.text("telnet.prompt", "# ");
    accept_ = persona.list("telnet.accept");
    TRY(accept_try_, persona.number("telnet.accept_try", 0));
    TRY(max_tries_, persona.number("telnet.max_tries", 3));
    TRY(auto const delay, persona.number("telnet.fail_delay_ms", 1000));
    if (max_tries_ < 1 || max_tries_ > 100 || delay < 0 || delay > 30'000)
      return fail(ErrorCode::malformed, "persona {}: telnet.max_tries is 1 to 100, telnet.fail_delay_ms 0 to 30000",
                  persona.name());
    fail_delay_ = std::chrono::milliseconds{delay};
    return ok;
  }

  auto converse(Visit &visit) const -> Task<Result<void>> override {
    auto keyboard = Keyboard{};
    auto const greeting = negotiate(Command::do_, Option::echo) + negotiate(Command::do_, Option::window_size) +
                          negotiate(Command::will, Option::echo) + negotiate(Command::will, Option::suppress_go_ahead) +
                          banner_;
    auto entering = log_in(visit, keyboard, greeting);
    CO_TRY(auto const entered, co_await std::move(entering));
    if (!entered) co_return ok;
    auto shell = Shell{machine_};
    auto session = hold_shell(visit, keyboard, shell);
    auto const outcome = co_await std::move(session);
    shell.finish(visit);
    co_return outcome;
  }

private:
  /// True once a pair was accepted.
  auto log_in(Visit &visit, Keyboard &keyboard, std::string greeting) const -> Task<Result<bool>> {
    auto const ask = machine_.host_name + " login: ";
    auto const first = greeting + ask;  // one packet, as the real server's
    CO_TRY_VOID(co_await visit.reply(first));
    auto asked = true;
    for (auto tries = 1; tries <= max_tries_; ++tries) {
      auto user = std::string{};
      while (user.empty()) {
        if (!std::exchange(asked, false)) CO_TRY_VOID(co_await visit.reply(ask));
        auto reading = read_line(visit, keyboard, Echo::on, kMaxName);
        CO_TRY(user, co_await std::move(reading));
      }
      CO_TRY_VOID(co_await visit.reply("Password: "));
      auto reading = read_line(visit, keyboard, Echo::off, kMaxName);
      CO_TRY(auto const password, co_await std::move(reading));
      auto const accepted = accepts(user, password, tries);
      note_login(visit, user, password, accepted);
      if (accepted) co_return true;
      CO_TRY_VOID(co_await visit.pause(fail_delay_));
      CO_TRY_VOID(co_await visit.reply("Login incorrect\r\n"));
    }
    co_return false;
  }

  auto hold_shell(Visit &visit, Keyboard &keyboard, Shell &shell) const -> Task<Result<void>> {
    auto const welcome =
        fmt::format("\r\n\r\n{} built-in shell (ash)\r\nEnter 'help' for a list of built-in commands.\r\n\r\n{}",
                    machine_.busybox, prompt_);
    CO_TRY_VOID(co_await visit.reply(welcome));
    for (auto lines = 0; lines < kMaxLines && !shell.left(); ++lines) {
      auto reading = read_line(visit, keyboard, Echo::on, codec::kMaxShellLine);
      CO_TRY(auto const line, co_await std::move(reading));
      auto answer = line.empty() ? std::string{} : as_terminal(shell.run(line, visit));
      if (!shell.left()) answer += prompt_;
      CO_TRY_VOID(co_await visit.reply(answer));
    }
    co_return ok;
  }

  [[nodiscard]] auto accepts(std::string_view user, std::string_view password, int tries) const -> bool {
    if (accept_try_ > 0 && tries >= accept_try_) return true;
    return std::ranges::any_of(accept_, [&](std::string_view pair) {
      auto const colon = std::min(pair.find(':'), pair.size());
      auto const wanted_user = pair.substr(0, colon);
      auto const wanted_password = pair.substr(std::min(colon + 1, pair.size()));
      return (wanted_user == "*" || wanted_user == user) && (wanted_password == "*" || wanted_password == password);
    });
  }

  static void note_login(Visit &visit, std::string_view user, std::string_view password, bool accepted) {
    auto seen = model::Observation{};
    seen.kind = model::Kind::login;
    seen.set(model::Field::protocol, std::string_view{"telnet"})
        .set(model::Field::username, user)
        .set(model::Field::password, password)
        .set(model::Field::accepted, std::int64_t{accepted ? 1 : 0});
    visit.note(seen);
  }

  ShellMachine machine_;
  std::string banner_;
  std::string prompt_;
  std::vector<std::string> accept_;
  std::int64_t accept_try_ = 0;
  std::int64_t max_tries_ = 3;
  Duration fail_delay_{};
};

Registered<Decoy, TelnetDecoy> const telnet{"telnet"};

}  // namespace
}  // namespace noroshi::sense
