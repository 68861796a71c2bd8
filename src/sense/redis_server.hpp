// The server behind the redis decoy: understands what attack tools send, answers as a Redis of the persona's version
// would, and keeps nothing beyond the visit. What matters is noted in the visit: commands, log-ins, files that a SAVE
// would have written, addresses that it would have fetched from.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sense/redis_machine.hpp"
#include "sense/shell.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense {

/// One visitor's server. `machine` outlives it.
class RedisServer {
public:
  using Words = std::span<std::string const>;

  explicit RedisServer(RedisMachine const &machine);
  /// Answers one command, whose words are not none. Notes what the visitor did.
  auto answer(Words words, Visit &visit) -> std::string;
  /// True after QUIT, SHUTDOWN…: the connection ends behind the answer.
  [[nodiscard]] auto left() const -> bool { return left_; }

private:
  struct Call {
    Words words;
    Visit &visit;
    std::string output;
  };
  using Handler = void (RedisServer::*)(Call &);
  /// As the server's own table: arity counts the name; negative: at least so many words.
  struct Rule {
    int arity;
    Handler handler;
    std::string_view flags;  // as COMMAND shows them
  };
  static auto rules() -> std::map<std::string_view, Rule> const &;
  void dispatch(Call &call);
  void unknown(Call &call);
  static void subcommand_error(Call &call);

  // The connection (redis_connection.cpp)
  void auth(Call &call);
  void ping(Call &call);
  void echo(Call &call);
  void select(Call &call);
  void hello(Call &call);
  void client(Call &call);
  void command(Call &call);
  void quit(Call &call);
  void shutdown(Call &call);
  void not_http(Call &call);
  void time(Call &call);

  // Keys (redis_keys.cpp): strings in sixteen databases
  void set(Call &call);
  void setnx(Call &call);
  void setex(Call &call);
  void mset(Call &call);
  void get(Call &call);
  void mget(Call &call);
  void append(Call &call);
  void strlen(Call &call);
  void del(Call &call);
  void keys(Call &call);
  void scan(Call &call);
  void type(Call &call);
  void exists(Call &call);
  void ttl(Call &call);
  void expire(Call &call);
  void dbsize(Call &call);
  void flushdb(Call &call);
  void flushall(Call &call);
  using Key = std::pair<std::int64_t, std::string>;  // database, name
  struct Value {
    std::string bytes;
    bool noted = false;  // as a file where SAVE would have put it
  };
  void keep(std::string_view name, std::string_view value, Visit &visit);
  static void note_fetched(std::string_view text, Visit &visit);
  void forget(Key const &key);
  [[nodiscard]] auto key(std::string_view name) const -> Key { return {database_, std::string{name}}; }
  [[nodiscard]] auto names_like(std::string_view pattern) const -> std::vector<std::string_view>;

  // Administration (redis_admin.cpp)
  void config(Call &call);
  void config_get(Call &call);
  void config_set(Call &call);
  auto config_problem(std::string_view name, std::string_view value) const -> std::string;
  void save(Call &call);
  void bgsave(Call &call);
  void replicaof(Call &call);
  void module(Call &call);
  void note_saved_files(Visit &visit);

  // INFO (redis_info.cpp)
  void info(Call &call);
  [[nodiscard]] auto replication_section() const -> std::string;
  [[nodiscard]] auto info_section(std::string_view section, Visit &visit) const -> std::string;

  // Scripts, and commands of modules (redis_script.cpp)
  void eval(Call &call);
  void run_script(std::string_view script, Call &call);
  void evalsha(Call &call);
  void script(Call &call);
  void system_exec(Call &call);
  void system_rev(Call &call);
  auto run_in_shell(std::string_view line, Visit &visit) -> std::string;

  RedisMachine const &machine_;
  std::map<Key, Value> keys_;
  std::map<std::string, std::string, std::less<>> config_;
  std::unique_ptr<Shell> shell_;  // made when a command reaches it
  std::string client_name_;
  std::string master_host_;  // empty: not a replica
  std::string master_port_;
  std::string module_path_;                                  // of the module "system"; empty: none is loaded
  std::map<std::string, std::string, std::less<>> scripts_;  // by SHA-1
  std::size_t kept_bytes_ = 0;
  std::int64_t database_ = 0;
  std::int64_t changes_ = 0;  // since the last SAVE
  std::int64_t commands_ = 0;
  int noted_files_ = 0;
  int script_depth_ = 0;
  bool replicated_ = false;  // told once to copy from somewhere
  bool moved_ = false;       // the dump goes where the visitor said
  bool authenticated_ = false;
  bool left_ = false;
};

/// Glob patterns as KEYS and CONFIG GET take them: * ? [a-z] [^a] \c. Takes its steps off `steps`; false at 0.
auto redis_glob(std::string_view pattern, std::string_view text, std::size_t &steps) -> bool;
/// ASCII lower case.
auto lower(std::string_view word) -> std::string;

}  // namespace noroshi::sense
