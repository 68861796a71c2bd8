// Commands about the connection itself.
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "codec/resp.hpp"
#include "sense/redis_server.hpp"

namespace noroshi::sense {
namespace {

using namespace codec::resp;

constexpr auto kDatabases = 16;
constexpr auto kMaxClientName = std::size_t{128};

void note_login(Visit &visit, std::string_view user, std::string_view password, bool accepted) {
  auto seen = model::Observation{};
  seen.kind = model::Kind::login;
  seen.set(model::Field::protocol, std::string_view{"redis"})
      .set(model::Field::password, password)
      .set(model::Field::accepted, std::int64_t{accepted ? 1 : 0});
  if (!user.empty()) seen.set(model::Field::username, user);
  visit.note(seen);
}

auto words_of(std::string_view flags) -> std::vector<std::string_view> {
  auto words = std::vector<std::string_view>{};
  while (!flags.empty()) {
    words.push_back(flags.substr(0, flags.find(' ')));
    flags.remove_prefix(std::min(words.back().size() + 1, flags.size()));
  }
  return words;
}

}  // namespace

void RedisServer::auth(Call &call) {
  if (call.words.size() > (machine_.major < 6 ? 2U : 3U))
    return append_error(call.output,
                        machine_.major < 6 ? "ERR wrong number of arguments for 'auth' command" : "ERR syntax error");
  auto const &password = call.words.back();
  auto const user = call.words.size() == 3 ? std::string_view{call.words[1]} : std::string_view{};
  auto const &wanted = config_["requirepass"];
  auto const accepted = !wanted.empty() && password == wanted && (user.empty() || user == "default");
  note_login(call.visit, user, password, accepted);
  if (accepted) {
    authenticated_ = true;
    return append_simple(call.output, "OK");
  }
  if (!wanted.empty() || !user.empty())
    return append_error(call.output, machine_.major < 6
                                         ? "ERR invalid password"
                                         : "WRONGPASS invalid username-password pair or user is disabled.");
  append_error(call.output, machine_.major < 6
                                ? "ERR Client sent AUTH, but no password is set"
                                : "ERR AUTH <password> called without any password configured for the default user. "
                                  "Are you sure your configuration is correct?");
}

void RedisServer::ping(Call &call) {
  if (call.words.size() > 2) return append_error(call.output, "ERR wrong number of arguments for 'ping' command");
  if (call.words.size() == 2) return append_bulk(call.output, call.words[1]);
  append_simple(call.output, "PONG");
}

void RedisServer::echo(Call &call) { append_bulk(call.output, call.words[1]); }

void RedisServer::select(Call &call) {
  auto const &text = call.words[1];
  auto number = std::int64_t{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    return append_error(call.output, "ERR invalid DB index");
  if (number < 0 || number >= kDatabases) return append_error(call.output, "ERR DB index is out of range");
  database_ = number;
  append_simple(call.output, "OK");
}

/// RESP3 is not spoken here: the map that HELLO 2 gives is an array in RESP2.
void RedisServer::hello(Call &call) {
  if (call.words[1] != "2") return append_error(call.output, "NOPROTO unsupported protocol version");
  for (auto i = std::size_t{2}; i < call.words.size(); ++i) {
    if (lower(call.words[i]) != "auth" || i + 2 >= call.words.size()) continue;
    auto const words = std::array{std::string{"auth"}, call.words[i + 1], call.words[i + 2]};
    auto inner = Call{words, call.visit, {}};
    auth(inner);
    if (inner.output.starts_with('-')) {
      call.output += inner.output;
      return;
    }
    i += 2;
  }
  if (!authenticated_)
    return append_error(call.output,
                        "NOAUTH HELLO must be called with the client already authenticated, otherwise the "
                        "HELLO AUTH <user> <pass> option can be used to authenticate the client and "
                        "select the RESP protocol version at the same time");
  append_array(call.output, 14);
  for (auto const text : {std::string_view{"server"}, std::string_view{"redis"}, std::string_view{"version"},
                          std::string_view{machine_.version}, std::string_view{"proto"}})
    append_bulk(call.output, text);
  append_integer(call.output, 2);
  append_bulk(call.output, "id");
  append_integer(call.output, machine_.pid);
  for (auto const text : {"mode", "standalone", "role"}) append_bulk(call.output, text);
  append_bulk(call.output, master_host_.empty() ? "master" : "replica");
  append_bulk(call.output, "modules");
  append_array(call.output, 0);
}

void RedisServer::client(Call &call) {
  auto const what = lower(call.words[1]);
  auto const count = call.words.size();
  if (what == "setname" && count == 3) {
    client_name_ = call.words[2].substr(0, kMaxClientName);
    return append_simple(call.output, "OK");
  }
  if (what == "getname" && count == 2)
    return client_name_.empty() ? append_null(call.output) : append_bulk(call.output, client_name_);
  if (what == "id" && count == 2) return append_integer(call.output, machine_.pid);
  if (what == "list")
    return append_bulk(call.output,
                       fmt::format("id={} addr={} fd=8 name={} age=0 idle=0 flags=N db={} sub=0 psub=0 multi=-1 "
                                   "qbuf=26 qbuf-free=32742 obl=0 oll=0 omem=0 events=r cmd=client\n",
                                   machine_.pid, call.visit.encounter().source.to_string(), client_name_, database_));
  if (what == "kill" && count == 3) return append_error(call.output, "ERR No such client");
  if (what == "reply" && count == 3) return append_simple(call.output, "OK");
  subcommand_error(call);
}

void RedisServer::command(Call &call) {
  auto const size = rules().size();
  if (call.words.size() == 2 && lower(call.words[1]) == "count")
    return append_integer(call.output, static_cast<std::int64_t>(size));
  if (call.words.size() > 1 && lower(call.words[1]) != "info") return subcommand_error(call);
  auto shown = std::vector<std::pair<std::string_view, Rule>>{};
  for (auto const &[name, rule] : rules())
    if (!name.starts_with("system.") || !module_path_.empty()) shown.emplace_back(name, rule);
  append_array(call.output, shown.size());
  for (auto const &[name, rule] : shown) {
    append_array(call.output, 6);
    append_bulk(call.output, name);
    append_integer(call.output, rule.arity);
    auto const flags = words_of(rule.flags);
    append_array(call.output, flags.size());
    for (auto const flag : flags) append_simple(call.output, flag);
    auto const first_key = rule.flags.starts_with("write") || rule.flags.starts_with("readonly fast") ? 1 : 0;
    for (auto const number : {first_key, first_key, first_key}) append_integer(call.output, number);
  }
}

void RedisServer::quit(Call &call) {
  left_ = true;
  append_simple(call.output, "OK");
}

/// The real server goes without an answer.
void RedisServer::shutdown(Call &call) {
  auto const what = call.words.size() == 2 ? lower(call.words[1]) : std::string{};
  if (call.words.size() > 2 || (call.words.size() == 2 && what != "save" && what != "nosave"))
    return append_error(call.output, "ERR syntax error");
  left_ = true;
}

/// "POST" and "Host:" mean that a browser was tricked into talking to the server, which then closes (networking.c,
/// securityWarningCommand).
void RedisServer::not_http(Call & /*call*/) { left_ = true; }

void RedisServer::time(Call &call) {
  auto const now = call.visit.now().time_since_epoch();
  auto const micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  append_array(call.output, 2);
  append_bulk(call.output, std::to_string(micros / 1'000'000));
  append_bulk(call.output, std::to_string(micros % 1'000'000));
}

}  // namespace noroshi::sense
