// CONFIG, SAVE, SLAVEOF, MODULE: the commands by which a Redis is taken over. Nothing is written, copied or loaded;
// what would have been is noted.
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "codec/resp.hpp"
#include "sense/redis_server.hpp"
#include "sense/sha256.hpp"

namespace noroshi::sense {
namespace {

using namespace codec::resp;

/// Of a left file; its hash and size are of the whole.
constexpr auto kMaxNotedBytes = std::size_t{4} << 10;
/// Each costs a hash of up to half a megabyte; take-over scripts leave one to five.
constexpr auto kMaxNotedFiles = 64;
/// A path longer than PATH_MAX fails in the real server too.
constexpr auto kMaxConfigValue = std::size_t{4096};
constexpr auto kMaxPatternSteps = std::size_t{20'000};

auto is_flag(std::string_view name) -> bool {
  constexpr auto kFlags = std::to_array<std::string_view>(
      {"appendonly", "daemonize", "protected-mode", "rdbchecksum", "rdbcompression", "replica-read-only",
       "replica-serve-stale-data", "slave-read-only", "slave-serve-stale-data", "stop-writes-on-bgsave-error"});
  return std::ranges::find(kFlags, name) != kFlags.end();
}

auto is_port(std::string_view text) -> bool {
  auto number = std::uint16_t{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

/// "/a//b/" and "/a/b" are one folder.
auto plain_folder(std::string_view path) -> std::string {
  auto plain = std::string{};
  for (auto const character : path)
    if (character != '/' || !plain.ends_with('/')) plain += character;
  if (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
  return plain;
}

void note_file(Visit &visit, std::string_view path, std::string_view key, std::string_view bytes) {
  auto digest = Sha256{};
  digest.add(bytes);
  auto const sha256 = digest.hex();
  auto const extra = fmt::format(R"({{"size":{},"part_of":"redis_dump"}})", bytes.size());
  auto seen = model::Observation{};
  seen.kind = model::Kind::file;
  seen.extra = extra;
  seen.set(model::Field::file_name, path)
      .set(model::Field::sha256, std::string_view{sha256})
      .set(model::Field::protocol, std::string_view{"redis"})
      .set(model::Field::command, key)
      .set(model::Field::payload, bytes.substr(0, kMaxNotedBytes));
  visit.note(seen);
}

void note_replication(Visit &visit, std::string_view host, std::string_view port) {
  auto const colons = host.find(':') != std::string_view::npos;
  auto const url = colons ? fmt::format("redis://[{}]:{}", host, port) : fmt::format("redis://{}:{}", host, port);
  auto seen = model::Observation{};
  seen.kind = model::Kind::download;
  seen.set(model::Field::url, std::string_view{url}).set(model::Field::protocol, std::string_view{"redis"});
  visit.note(seen);
}

}  // namespace

void RedisServer::config(Call &call) {
  auto const what = lower(call.words[1]);
  auto const count = call.words.size();
  if (what == "get" && count == 3) return config_get(call);
  if (what == "set" && count == 4) return config_set(call);
  if ((what == "resetstat" || what == "rewrite") && count == 2) return append_simple(call.output, "OK");
  subcommand_error(call);
}

void RedisServer::config_get(Call &call) {
  auto const pattern = lower(call.words[2]);
  auto steps = kMaxPatternSteps;
  auto found = std::vector<std::string_view>{};
  for (auto const &[name, value] : config_) {
    if (!redis_glob(pattern, name, steps)) continue;
    found.push_back(name);
    found.push_back(value);
  }
  append_array(call.output, found.size());
  for (auto const text : found) append_bulk(call.output, text);
}

/// Empty where the server takes the value.
auto RedisServer::config_problem(std::string_view name, std::string_view value) const -> std::string {
  if (name == "dir") {
    auto const known = std::ranges::find(machine_.folders, plain_folder(value)) != machine_.folders.end() ||
                       value == "." || value == "./";
    return known ? std::string{} : "ERR Changing directory: No such file or directory";
  }
  auto const invalid = fmt::format("ERR Invalid argument '{}' for CONFIG SET '{}'", value, name);
  if (name == "dbfilename" && value.find('/') != std::string_view::npos)
    return machine_.major < 6 ? "ERR dbfilename can't be a path, just a filename"
                              : invalid + " - dbfilename can't be a path, just a filename";
  if (value.size() > kMaxConfigValue || (is_flag(name) && lower(value) != "yes" && lower(value) != "no"))
    return invalid;
  return {};
}

void RedisServer::config_set(Call &call) {
  auto const name = lower(call.words[2]);
  auto const &value = call.words[3];
  auto const found = config_.find(name);
  if (found == config_.end() || name == "databases" || name == "daemonize" || name == "unixsocket")
    return append_error(call.output, fmt::format("ERR Unsupported CONFIG parameter: {}", call.words[2].substr(0, 128)));
  if (auto const problem = config_problem(name, value); !problem.empty()) return append_error(call.output, problem);
  if (name == "dir" || name == "dbfilename") {
    moved_ = true;
    for (auto &[id, kept] : keys_) kept.noted = false;
  }
  if (name != "dir")
    found->second = is_flag(name) ? lower(value) : value;
  else if (value.starts_with('/'))
    found->second = plain_folder(value);
  append_simple(call.output, "OK");
}

void RedisServer::note_saved_files(Visit &visit) {
  if (!moved_) return;
  auto const path = config_["dir"] + (config_["dir"] == "/" ? "" : "/") + config_["dbfilename"];
  for (auto &[id, value] : keys_) {
    if (value.noted || noted_files_ >= kMaxNotedFiles) continue;
    note_file(visit, path, id.second, value.bytes);
    value.noted = true;
    ++noted_files_;
  }
}

void RedisServer::save(Call &call) {
  note_saved_files(call.visit);
  changes_ = 0;
  append_simple(call.output, "OK");
}

void RedisServer::bgsave(Call &call) {
  auto const rewrites = lower(call.words[0]) == "bgrewriteaof";
  if (!rewrites) note_saved_files(call.visit);
  changes_ = 0;
  append_simple(call.output, rewrites ? "Background append only file rewriting started" : "Background saving started");
}

/// Nothing is connected to: the link stays down, as behind a firewall.
void RedisServer::replicaof(Call &call) {
  auto const &host = call.words[1];
  auto const &port = call.words[2];
  if (lower(host) == "no" && lower(port) == "one") {
    master_host_.clear();
    return append_simple(call.output, "OK");
  }
  if (!is_port(port)) return append_error(call.output, "ERR value is not an integer or out of range");
  if (host == master_host_ && port == master_port_)
    return append_simple(call.output, "OK Already connected to specified master");
  master_host_ = host.substr(0, kMaxConfigValue);
  master_port_ = port;
  replicated_ = true;
  note_replication(call.visit, master_host_, master_port_);
  append_simple(call.output, "OK");
}

/// A module loads only behind a SLAVEOF: by that a take-over believes to have brought it.
void RedisServer::module(Call &call) {
  auto const what = lower(call.words[1]);
  auto const count = call.words.size();
  if (what == "list" && count == 2) {
    append_array(call.output, module_path_.empty() ? 0 : 1);
    if (module_path_.empty()) return;
    append_array(call.output, 4);
    append_bulk(call.output, "name");
    append_bulk(call.output, "system");
    append_bulk(call.output, "ver");
    return append_integer(call.output, 1);
  }
  if (what == "load" && count >= 3) {
    if (!replicated_ || !module_path_.empty())
      return append_error(call.output, "ERR Error loading the extension. Please check the server logs.");
    module_path_ = call.words[2].empty() ? "module.so" : call.words[2].substr(0, kMaxConfigValue);
    return append_simple(call.output, "OK");
  }
  if (what == "unload" && count == 3) {
    if (module_path_.empty() || call.words[2] != "system")
      return append_error(call.output, "ERR Error unloading module: no such module with that name");
    module_path_.clear();
    return append_simple(call.output, "OK");
  }
  subcommand_error(call);
}

}  // namespace noroshi::sense
