// EVAL and the commands that attackers' modules bring. No Lua runs here: of a script is read what it hands to a shell
// (sandbox escapes such as CVE-2022-0543), and the few forms that tools try first.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/bytes.hpp"
#include "codec/resp.hpp"
#include "sense/redis_server.hpp"

namespace noroshi::sense {
namespace {

using namespace codec::resp;

/// Scripts kept by SCRIPT LOAD, and the longest of them; tools load one.
constexpr auto kMaxScripts = std::size_t{16};
constexpr auto kMaxScriptBytes = std::size_t{16} << 10;
/// Words of one redis.call.
constexpr auto kMaxCallWords = std::size_t{16};

auto sha1_hex(std::string_view bytes) -> std::string {
  auto digest = std::array<unsigned char, EVP_MAX_MD_SIZE>{};
  auto size = 0U;
  if (::EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, ::EVP_sha1(), nullptr) != 1) return {};
  return to_hex({reinterpret_cast<char const *>(digest.data()), size});
}

auto skip_space(std::string_view &text) -> void {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

/// A Lua string in quotes at the front; `text` moves behind it.
auto take_string(std::string_view &text) -> std::optional<std::string> {
  skip_space(text);
  if (!text.starts_with('"') && !text.starts_with('\'')) return std::nullopt;
  auto const quote = text.front();
  auto value = std::string{};
  for (auto at = std::size_t{1}; at < text.size(); ++at) {
    if (text[at] == quote) {
      text.remove_prefix(at + 1);
      return value;
    }
    if (text[at] == '\\' && at + 1 < text.size()) {
      ++at;
      value += text[at] == 'n' ? '\n' : text[at] == 't' ? '\t' : text[at];
    } else {
      value += text[at];
    }
  }
  return std::nullopt;
}

/// What stands in quotes behind "NAME(".
auto argument_of(std::string_view script, std::string_view name) -> std::optional<std::string> {
  for (auto at = script.find(name); at != std::string_view::npos; at = script.find(name, at + 1)) {
    auto rest = script.substr(at + name.size());
    skip_space(rest);
    if (!rest.starts_with('(')) continue;
    rest.remove_prefix(1);
    if (auto text = take_string(rest)) return text;
  }
  return std::nullopt;
}

/// `redis.call("get", "x")`: its words.
auto call_words(std::string_view text) -> std::vector<std::string> {
  auto words = std::vector<std::string>{};
  text.remove_prefix(std::min(text.find('(') + 1, text.size()));
  while (words.size() < kMaxCallWords) {
    auto word = take_string(text);
    if (!word) break;
    words.push_back(std::move(*word));
    skip_space(text);
    if (!text.starts_with(',')) break;
    text.remove_prefix(1);
  }
  return words;
}

}  // namespace

auto RedisServer::run_in_shell(std::string_view line, Visit &visit) -> std::string {
  if (!shell_) shell_ = std::make_unique<Shell>(machine_.shell);
  return shell_->run(line, visit);
}

void RedisServer::eval(Call &call) {
  auto const &count = call.words[2];
  auto number = std::int64_t{};
  auto const [end, error] = std::from_chars(count.data(), count.data() + count.size(), number);
  if (error != std::errc{} || end != count.data() + count.size())
    return append_error(call.output, "ERR value is not an integer or out of range");
  if (number > static_cast<std::int64_t>(call.words.size()) - 3)
    return append_error(call.output, "ERR Number of keys can't be greater than number of args");
  if (number < 0) return append_error(call.output, "ERR Number of keys can't be negative");
  run_script(call.words[1], call);
}

void RedisServer::run_script(std::string_view script, Call &call) {
  script = script.substr(0, kMaxScriptBytes);
  if (auto const line = argument_of(script, "popen")) return append_bulk(call.output, run_in_shell(*line, call.visit));
  if (auto const line = argument_of(script, "os.execute")) {
    (void)run_in_shell(*line, call.visit);
    return append_integer(call.output, 0);
  }
  auto const returns = script.rfind("return");
  if (returns == std::string_view::npos) return append_null(call.output);
  auto value = script.substr(returns + 6);
  skip_space(value);
  auto number = std::int64_t{};
  if (std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc{})
    return append_integer(call.output, number);
  if (value.starts_with("redis.call") || value.starts_with("redis.pcall")) {
    auto const words = call_words(value);
    if (words.empty() || script_depth_ > 0) return append_null(call.output);
    auto inner = Call{words, call.visit, {}};
    ++script_depth_;  // a script cannot call EVAL
    dispatch(inner);
    --script_depth_;
    call.output += inner.output;
    return;
  }
  auto const text = take_string(value);
  text ? append_bulk(call.output, *text) : append_null(call.output);
}

void RedisServer::evalsha(Call &call) {
  auto const found = scripts_.find(lower(call.words[1]));
  if (found == scripts_.end()) return append_error(call.output, "NOSCRIPT No matching script. Please use EVAL.");
  auto const script = found->second;
  run_script(script, call);
}

void RedisServer::script(Call &call) {
  auto const what = lower(call.words[1]);
  auto const count = call.words.size();
  if (what == "load" && count == 3) {
    auto const sha1 = sha1_hex(call.words[2]);
    if (scripts_.size() < kMaxScripts) scripts_.insert_or_assign(sha1, call.words[2].substr(0, kMaxScriptBytes));
    return append_bulk(call.output, sha1);
  }
  if (what == "exists" && count >= 3) {
    append_array(call.output, count - 2);
    for (auto const &sha1 : call.words.subspan(2)) append_integer(call.output, scripts_.contains(lower(sha1)) ? 1 : 0);
    return;
  }
  if (what == "flush" && count == 2) {
    scripts_.clear();
    return append_simple(call.output, "OK");
  }
  if (what == "kill" && count == 2) return append_error(call.output, "NOTBUSY No scripts in execution right now.");
  subcommand_error(call);
}

/// The command of the module that published take-over tools load.
void RedisServer::system_exec(Call &call) {
  if (call.words.size() != 2)
    return append_error(call.output, "ERR wrong number of arguments for 'system.exec' command");
  append_bulk(call.output, run_in_shell(call.words[1], call.visit));
}

/// A shell that would connect to the visitor: it does not, and the visitor's words are noted as a command already.
void RedisServer::system_rev(Call &call) {
  if (call.words.size() != 3)
    return append_error(call.output, "ERR wrong number of arguments for 'system.rev' command");
  append_null(call.output);
}

}  // namespace noroshi::sense
