// Redis (RESP2): every command is recorded and answered as a server of the persona's version would.
#include <algorithm>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "base/text.hpp"
#include "codec/resp.hpp"
#include "sense/decoy.hpp"
#include "sense/redis_server.hpp"

namespace noroshi::sense {
namespace {

using codec::resp::RequestParser;

/// Kept of a command; attack tools' longest carry a key or a script of a few kilobytes.
constexpr auto kMaxNoted = std::size_t{8} << 10;
/// Commands of a visit: a scanner sends a dozen, a mass insertion is told from less.
constexpr auto kMaxCommands = 10'000;

auto needs_quotes(std::string_view word) -> bool {
  return word.empty() || std::ranges::any_of(word, [](char character) {
           auto const byte = static_cast<unsigned char>(character);
           return byte <= ' ' || byte == 0x7f || byte == '"' || byte == '\'';
         });
}

/// A word as a person would type it to redis-cli; its bytes past ASCII stay.
void append_word(std::string &line, std::string_view word) {
  if (!needs_quotes(word)) {
    line += word;
    return;
  }
  line += '"';
  for (auto const character : word) {
    auto const byte = static_cast<unsigned char>(character);
    if (character == '\n')
      line += "\\n";
    else if (character == '\r')
      line += "\\r";
    else if (character == '\t')
      line += "\\t";
    else if (character == '"' || character == '\\')
      line.append(1, '\\').append(1, character);
    else if (byte < ' ' || byte == 0x7f)
      line += fmt::format("\\x{:02x}", byte);
    else
      line += character;
  }
  line += '"';
}

void note_command(Visit &visit, RedisServer::Words words) {
  auto line = std::string{};
  for (auto const &word : words) {
    if (line.size() >= kMaxNoted) break;
    if (!line.empty()) line += ' ';
    append_word(line, std::string_view{word}.substr(0, kMaxNoted - line.size()));
  }
  auto seen = model::Observation{};
  seen.kind = model::Kind::command;
  seen.set(model::Field::protocol, std::string_view{"redis"}).set(model::Field::command, std::string_view{line});
  visit.note(seen);
}

/// Log-in secrets are noted as such, not in a command's text.
auto without_secrets(RedisServer::Words words) -> RedisServer::Words {
  auto const name = lower(words[0]);
  return name == "auth"    ? words.first(1)
         : name == "hello" ? words.first(std::min<std::size_t>(words.size(), 2))
                           : words;
}

void note_malformed(Visit &visit, std::string_view bytes, std::string_view problem) {
  auto seen = model::Observation{};
  seen.kind = model::Kind::malformed;
  seen.set(model::Field::protocol, std::string_view{"redis"})
      .set(model::Field::reason, problem)
      .set(model::Field::payload, bytes.substr(0, kMaxNoted));
  visit.note(seen);
}

/// One visitor's dialogue without its waiting. Small while the visitor is silent: the server comes with a command.
class Dialogue {
public:
  explicit Dialogue(RedisMachine const &machine) : machine_(machine) {}

  /// Takes bytes up to the end of a command and answers it.
  // Not inlined: an Observation on the coroutine's frame would cost every silent session half a kilobyte.
  [[gnu::noinline]] auto turn(std::string_view &bytes, Visit &visit) -> std::string {
    auto const before = bytes;
    switch (parser_.next(bytes)) {
      case RequestParser::Step::more: return {};
      case RequestParser::Step::broken: {
        over_ = true;
        note_malformed(visit, before, parser_.problem());
        auto text = std::string{};
        codec::resp::append_error(text, "ERR " + parser_.problem());
        return text;
      }
      case RequestParser::Step::command: break;
    }
    if (!server_) server_ = std::make_unique<RedisServer>(machine_);
    note_command(visit, without_secrets(parser_.words()));
    auto text = server_->answer(parser_.words(), visit);
    over_ = server_->left() || ++commands_ >= kMaxCommands;
    return text;
  }
  [[nodiscard]] auto over() const -> bool { return over_; }

private:
  RedisMachine const &machine_;
  RequestParser parser_;
  std::unique_ptr<RedisServer> server_;
  int commands_ = 0;
  bool over_ = false;
};

class RedisDecoy final : public Decoy {
public:
  [[nodiscard]] auto usual_persona() const -> std::string_view override { return "redis"; }

  auto dress(Persona const &persona) -> Result<void> override {
    TRY(machine_, RedisMachine::create(persona));
    return ok;
  }

  auto converse(Visit &visit) const -> Task<Result<void>> override {
    auto dialogue = Dialogue{machine_};
    while (!dialogue.over()) {
      CO_TRY(auto bytes, co_await visit.read_some());
      while (!bytes.empty() && !dialogue.over()) {
        auto const text = dialogue.turn(bytes, visit);
        if (!text.empty()) CO_TRY_VOID(co_await visit.reply(text));
      }
    }
    co_return ok;
  }

private:
  RedisMachine machine_;
};

Registered<Decoy, RedisDecoy> const redis{"redis"};

}  // namespace
}  // namespace noroshi::sense
