// Keys of one visit: strings only, up to a cap; past it a write seems to work and is not kept.
#include <algorithm>
#include <charconv>
#include <optional>

#include "codec/fetched_urls.hpp"
#include "codec/resp.hpp"
#include "sense/redis_server.hpp"

namespace noroshi::sense {
namespace {

using namespace codec::resp;

/// All names and values of a visit together: what an attacker leaves is a key, a cron line, a module.
constexpr auto kMaxKeptBytes = std::size_t{512} << 10;
constexpr auto kMaxKeys = std::size_t{256};
/// An answer to several keys: a thousand times the largest value would be a weapon against us.
constexpr auto kMaxAnswer = std::size_t{1} << 20;
/// Steps that one command's pattern may take over all names: a few hundred keys take a thousandth of it.
constexpr auto kMaxPatternSteps = std::size_t{20'000};

auto parse_number(std::string_view text) -> std::optional<std::int64_t> {
  auto number = std::int64_t{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

constexpr auto kNotInteger = std::string_view{"ERR value is not an integer or out of range"};

/// "[a-z]", "[^x]" at `pattern`, which moves behind it.
auto in_class(std::string_view &pattern, char character) -> bool {
  pattern.remove_prefix(1);
  auto const negated = pattern.starts_with('^');
  if (negated) pattern.remove_prefix(1);
  auto found = false;
  while (!pattern.empty() && pattern.front() != ']') {
    if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
    auto const low = pattern.front();
    auto high = low;
    if (pattern.size() > 2 && pattern[1] == '-') {
      high = pattern[2];
      pattern.remove_prefix(2);
    }
    pattern.remove_prefix(1);
    found |= character >= std::min(low, high) && character <= std::max(low, high);
  }
  if (!pattern.empty()) pattern.remove_prefix(1);
  return found != negated;
}

/// One step of a pattern that is not a star.
auto one_matches(std::string_view &pattern, char character) -> bool {
  if (pattern.front() == '[') return in_class(pattern, character);
  auto const any = pattern.front() == '?';
  if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
  auto const same = any || pattern.front() == character;
  pattern.remove_prefix(1);
  return same;
}

}  // namespace

/// Only the last star is ever tried again, so the work is bounded by pattern times text, and by `steps`.
auto redis_glob(std::string_view pattern, std::string_view text, std::size_t &steps) -> bool {
  auto behind_star = std::optional<std::string_view>{};
  auto retry = std::string_view{};
  while (!text.empty()) {
    if (steps == 0) return false;
    --steps;
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      behind_star = pattern;
      retry = text;
      continue;
    }
    auto const before = pattern.size();
    auto const fits = !pattern.empty() && one_matches(pattern, text.front());
    steps -= std::min(steps, before - pattern.size());  // a class is as long as its author likes
    if (fits) {
      text.remove_prefix(1);
      continue;
    }
    if (!behind_star) return false;
    retry.remove_prefix(1);
    pattern = *behind_star;
    text = retry;
  }
  return pattern.find_first_not_of('*') == std::string_view::npos;
}

void RedisServer::forget(Key const &key) {
  auto const found = keys_.find(key);
  if (found == keys_.end()) return;
  kept_bytes_ -= found->first.second.size() + found->second.bytes.size();
  keys_.erase(found);
}

void RedisServer::keep(std::string_view name, std::string_view value, Visit &visit) {
  ++changes_;
  note_fetched(value, visit);
  forget(key(name));
  if (keys_.size() >= kMaxKeys || kept_bytes_ + name.size() + value.size() > kMaxKeptBytes) return;
  keys_.emplace(key(name), Value{std::string{value}, false});
  kept_bytes_ += name.size() + value.size();
}

/// A cron line or script in a value: where it lands, a shell would fetch this.
void RedisServer::note_fetched(std::string_view text, Visit &visit) {
  for (auto const &url : codec::fetched_urls(text)) {
    auto seen = model::Observation{};
    seen.kind = model::Kind::download;
    seen.set(model::Field::url, std::string_view{url}).set(model::Field::protocol, std::string_view{"redis"});
    visit.note(seen);
  }
}

void RedisServer::set(Call &call) {
  auto only_new = false;
  auto only_old = false;
  for (auto i = std::size_t{3}; i < call.words.size(); ++i) {
    auto const option = lower(call.words[i]);
    only_new |= option == "nx";
    only_old |= option == "xx";
    if (option == "nx" || option == "xx" || option == "keepttl") continue;
    if ((option != "ex" && option != "px") || i + 1 == call.words.size())
      return append_error(call.output, "ERR syntax error");
    if (!parse_number(call.words[++i])) return append_error(call.output, kNotInteger);
  }
  auto const exists = keys_.contains(key(call.words[1]));
  if ((only_new && exists) || (only_old && !exists)) return append_null(call.output);
  keep(call.words[1], call.words[2], call.visit);
  append_simple(call.output, "OK");
}

void RedisServer::setnx(Call &call) {
  auto const exists = keys_.contains(key(call.words[1]));
  if (!exists) keep(call.words[1], call.words[2], call.visit);
  append_integer(call.output, exists ? 0 : 1);
}

void RedisServer::setex(Call &call) {
  if (!parse_number(call.words[2])) return append_error(call.output, kNotInteger);
  keep(call.words[1], call.words[3], call.visit);
  append_simple(call.output, "OK");
}

void RedisServer::mset(Call &call) {
  if (call.words.size() % 2 == 0) return append_error(call.output, "ERR wrong number of arguments for MSET");
  for (auto i = std::size_t{1}; i + 1 < call.words.size(); i += 2) keep(call.words[i], call.words[i + 1], call.visit);
  append_simple(call.output, "OK");
}

void RedisServer::get(Call &call) {
  auto const found = keys_.find(key(call.words[1]));
  found == keys_.end() ? append_null(call.output) : append_bulk(call.output, found->second.bytes);
}

void RedisServer::mget(Call &call) {
  append_array(call.output, call.words.size() - 1);
  for (auto const &name : call.words.subspan(1)) {
    auto const found = keys_.find(key(name));
    found == keys_.end() || call.output.size() > kMaxAnswer ? append_null(call.output)
                                                            : append_bulk(call.output, found->second.bytes);
  }
}

void RedisServer::append(Call &call) {
  auto const &more = call.words[2];
  auto const found = keys_.find(key(call.words[1]));
  if (found == keys_.end()) {
    keep(call.words[1], more, call.visit);
    return append_integer(call.output, static_cast<std::int64_t>(more.size()));
  }
  ++changes_;
  note_fetched(more, call.visit);
  auto &value = found->second;
  auto const whole = value.bytes.size() + more.size();
  auto const kept = std::min(more.size(), kMaxKeptBytes - std::min(kept_bytes_, kMaxKeptBytes));
  value.bytes.append(more, 0, kept);
  value.noted = false;
  kept_bytes_ += kept;
  append_integer(call.output, static_cast<std::int64_t>(whole));
}

void RedisServer::strlen(Call &call) {
  auto const found = keys_.find(key(call.words[1]));
  append_integer(call.output, found == keys_.end() ? 0 : static_cast<std::int64_t>(found->second.bytes.size()));
}

void RedisServer::del(Call &call) {
  auto const before = keys_.size();
  for (auto const &name : call.words.subspan(1)) forget(key(name));
  changes_ += static_cast<std::int64_t>(before - keys_.size());
  append_integer(call.output, static_cast<std::int64_t>(before - keys_.size()));
}

auto RedisServer::names_like(std::string_view pattern) const -> std::vector<std::string_view> {
  auto names = std::vector<std::string_view>{};
  auto steps = kMaxPatternSteps;
  for (auto const &[id, value] : keys_)
    if (id.first == database_ && redis_glob(pattern, id.second, steps)) names.push_back(id.second);
  return names;
}

void RedisServer::keys(Call &call) {
  auto const names = names_like(call.words[1]);
  append_array(call.output, names.size());
  for (auto const name : names) append_bulk(call.output, name);
}

/// All at once: the server may give more than COUNT asks for, and ends with cursor 0.
void RedisServer::scan(Call &call) {
  auto const cursor = parse_number(call.words[1]);
  if (!cursor || *cursor < 0) return append_error(call.output, "ERR invalid cursor");
  auto pattern = std::string_view{"*"};
  for (auto i = std::size_t{2}; i < call.words.size(); i += 2) {
    auto const option = lower(call.words[i]);
    if (i + 1 == call.words.size() || (option != "match" && option != "count" && option != "type"))
      return append_error(call.output, "ERR syntax error");
    if (option == "match") pattern = call.words[i + 1];
    if (option == "count" && !parse_number(call.words[i + 1])) return append_error(call.output, kNotInteger);
  }
  auto const names = *cursor == 0 ? names_like(pattern) : std::vector<std::string_view>{};
  append_array(call.output, 2);
  append_bulk(call.output, "0");
  append_array(call.output, names.size());
  for (auto const name : names) append_bulk(call.output, name);
}

void RedisServer::type(Call &call) {
  append_simple(call.output, keys_.contains(key(call.words[1])) ? "string" : "none");
}

void RedisServer::exists(Call &call) {
  auto const names = call.words.subspan(1);
  append_integer(call.output,
                 std::ranges::count_if(names, [&](auto const &name) { return keys_.contains(key(name)); }));
}

/// No key of a visit lives long enough to expire.
void RedisServer::ttl(Call &call) { append_integer(call.output, keys_.contains(key(call.words[1])) ? -1 : -2); }

void RedisServer::expire(Call &call) {
  if (!parse_number(call.words[2])) return append_error(call.output, kNotInteger);
  append_integer(call.output, keys_.contains(key(call.words[1])) ? 1 : 0);
}

void RedisServer::dbsize(Call &call) {
  append_integer(call.output,
                 std::ranges::count_if(keys_, [&](auto const &entry) { return entry.first.first == database_; }));
}

void RedisServer::flushdb(Call &call) {
  auto gone = std::vector<Key>{};
  for (auto const &[id, value] : keys_)
    if (id.first == database_) gone.push_back(id);
  for (auto const &id : gone) forget(id);
  append_simple(call.output, "OK");
}

void RedisServer::flushall(Call &call) {
  keys_.clear();
  kept_bytes_ = 0;
  append_simple(call.output, "OK");
}

}  // namespace noroshi::sense
