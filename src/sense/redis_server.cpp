// Error texts are those of redis 5.0 and 6.0 (server.c, config.c, db.c): clients and scanners compare them.
#include "sense/redis_server.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "codec/resp.hpp"

namespace noroshi::sense {
namespace {

using codec::resp::append_error;

/// What the server shows of the arguments of a command it does not know.
constexpr auto kMaxShownArguments = std::size_t{128};

}  // namespace

auto lower(std::string_view word) -> std::string {
  auto text = std::string{word};
  for (auto &character : text)
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character + ('a' - 'A'));
  return text;
}

RedisServer::RedisServer(RedisMachine const &machine) : machine_(machine), authenticated_(machine.password.empty()) {
  for (auto const &[name, value] : machine.keys) {
    keys_.insert_or_assign(Key{0, name}, Value{value, true});
    kept_bytes_ += name.size() + value.size();
  }
  config_ = {{"dir", "/var/lib/redis"},
             {"dbfilename", "dump.rdb"},
             {"requirepass", machine.password},
             {"masterauth", ""},
             {"maxmemory", "0"},
             {"maxmemory-policy", "noeviction"},
             {"maxclients", "10000"},
             {"databases", "16"},
             {"timeout", "0"},
             {"tcp-keepalive", "300"},
             {"loglevel", "notice"},
             {"logfile", "/var/log/redis/redis-server.log"},
             {"save", "900 1 300 10 60 10000"},
             {"appendonly", "no"},
             {"appendfsync", "everysec"},
             {"rdbcompression", "yes"},
             {"rdbchecksum", "yes"},
             {"stop-writes-on-bgsave-error", "yes"},
             {"slave-read-only", "yes"},
             {"replica-read-only", "yes"},
             {"slave-serve-stale-data", "yes"},
             {"replica-serve-stale-data", "yes"},
             {"protected-mode", "no"},
             {"daemonize", "yes"},
             {"slowlog-log-slower-than", "10000"},
             {"lua-time-limit", "5000"},
             {"bind", ""},
             {"unixsocket", ""}};
}

auto RedisServer::rules() -> std::map<std::string_view, Rule> const & {
  using Self = RedisServer;
  static auto const all = std::map<std::string_view, Rule>{
      {"append", {3, &Self::append, "write denyoom"}},
      {"auth", {-2, &Self::auth, "noscript loading stale"}},
      {"bgrewriteaof", {1, &Self::bgsave, "admin noscript"}},
      {"bgsave", {-1, &Self::bgsave, "admin noscript"}},
      {"client", {-2, &Self::client, "admin noscript"}},
      {"command", {-1, &Self::command, "loading stale"}},
      {"config", {-2, &Self::config, "admin noscript loading stale"}},
      {"dbsize", {1, &Self::dbsize, "readonly fast"}},
      {"del", {-2, &Self::del, "write"}},
      {"echo", {2, &Self::echo, "fast"}},
      {"eval", {-3, &Self::eval, "noscript movablekeys"}},
      {"evalsha", {-3, &Self::evalsha, "noscript movablekeys"}},
      {"exists", {-2, &Self::exists, "readonly fast"}},
      {"expire", {3, &Self::expire, "write fast"}},
      {"flushall", {-1, &Self::flushall, "write"}},
      {"flushdb", {-1, &Self::flushdb, "write"}},
      {"get", {2, &Self::get, "readonly fast"}},
      {"hello", {-2, &Self::hello, "noscript loading stale fast"}},
      {"host:", {-1, &Self::not_http, "loading stale"}},
      {"info", {-1, &Self::info, "random loading stale"}},
      {"keys", {2, &Self::keys, "readonly sort_for_script"}},
      {"mget", {-2, &Self::mget, "readonly fast"}},
      {"module", {-2, &Self::module, "admin noscript"}},
      {"mset", {-3, &Self::mset, "write denyoom"}},
      {"ping", {-1, &Self::ping, "stale fast"}},
      {"post", {-1, &Self::not_http, "loading stale"}},
      {"pttl", {2, &Self::ttl, "readonly fast"}},
      {"quit", {-1, &Self::quit, "fast"}},
      {"replicaof", {3, &Self::replicaof, "admin noscript stale"}},
      {"save", {1, &Self::save, "admin noscript"}},
      {"scan", {-2, &Self::scan, "readonly random"}},
      {"script", {-2, &Self::script, "noscript"}},
      {"select", {2, &Self::select, "loading fast"}},
      {"set", {-3, &Self::set, "write denyoom"}},
      {"setex", {4, &Self::setex, "write denyoom"}},
      {"setnx", {3, &Self::setnx, "write denyoom fast"}},
      {"shutdown", {-1, &Self::shutdown, "admin noscript loading stale"}},
      {"slaveof", {3, &Self::replicaof, "admin noscript stale"}},
      {"strlen", {2, &Self::strlen, "readonly fast"}},
      {"system.exec", {-1, &Self::system_exec, "write"}},
      {"system.rev", {-1, &Self::system_rev, "write"}},
      {"time", {1, &Self::time, "random fast"}},
      {"ttl", {2, &Self::ttl, "readonly fast"}},
      {"type", {2, &Self::type, "readonly fast"}},
      {"unlink", {-2, &Self::del, "write fast"}},
  };
  return all;
}

auto RedisServer::answer(Words words, Visit &visit) -> std::string {
  auto call = Call{words, visit, {}};
  dispatch(call);
  return std::move(call.output);
}

void RedisServer::dispatch(Call &call) {
  ++commands_;
  auto const name = lower(call.words[0]);
  auto const rule = rules().find(name);
  auto const of_module = name.starts_with("system.");
  auto const too_new = name == "hello" && machine_.major < 6;
  if (rule == rules().end() || (of_module && module_path_.empty()) || too_new) return unknown(call);
  auto const arity = rule->second.arity;
  auto const count = static_cast<int>(call.words.size());
  if (arity > 0 ? count != arity : count < -arity)
    return append_error(call.output, fmt::format("ERR wrong number of arguments for '{}' command", rule->first));
  if (!authenticated_ && name != "auth" && name != "hello" && name != "quit" && name != "post" && name != "host:")
    return append_error(call.output, "NOAUTH Authentication required.");
  auto const writes = rule->second.flags.starts_with("write") && !of_module;
  if (writes && !master_host_.empty() && config_["replica-read-only"] == "yes")
    return append_error(call.output, machine_.major < 5 ? "READONLY You can't write against a read only slave."
                                                        : "READONLY You can't write against a read only replica.");
  (this->*rule->second.handler)(call);
}

void RedisServer::unknown(Call &call) {
  auto const name = std::string_view{call.words[0]}.substr(0, kMaxShownArguments);
  if (!lower(name).starts_with("system.")) call.visit.note_unknown_command(name);
  auto const newer = machine_.major >= 7;
  auto arguments = std::string{};
  for (auto const &word : call.words.subspan(1)) {
    if (arguments.size() >= kMaxShownArguments) break;
    auto const shown = std::string_view{word}.substr(0, kMaxShownArguments - arguments.size());
    arguments += newer ? fmt::format("'{}' ", shown) : fmt::format("`{}`, ", shown);
  }
  append_error(call.output,
               newer ? fmt::format("ERR unknown command '{}', with args beginning with: {}", name, arguments)
                     : fmt::format("ERR unknown command `{}`, with args beginning with: {}", name, arguments));
}

void RedisServer::subcommand_error(Call &call) {
  auto name = lower(call.words[0]);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  append_error(call.output, fmt::format("ERR Unknown subcommand or wrong number of arguments for '{}'. Try {} HELP.",
                                        std::string_view{call.words[1]}.substr(0, kMaxShownArguments), name));
}

}  // namespace noroshi::sense
