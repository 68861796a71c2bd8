#include "base/config.hpp"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "base/config_value.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace noroshi {

namespace {

// A configuration is written by hand; a larger file is another file given by mistake.
constexpr auto kMaxConfigBytes = std::uint64_t{1} << 20;
// toml++ itself stops at 256 levels of nesting; deeper than this no key can be.
constexpr auto kMaxDepth = 16;

using Keys = std::map<std::string_view, ConfigKeyBase const *>;

auto keys() -> Keys & {
  static auto keys = Keys{};
  return keys;
}

[[noreturn]] void stop_at_start(std::string_view name, std::string_view why) {
  fmt::print(stderr, "configuration key {}: {}\n", name, why);
  std::abort();
}

auto unknown_key(std::string_view where, std::string_view name) -> Error {
  auto names = std::vector<std::string_view>{};
  for (auto const &[known, key] : keys()) names.push_back(known);
  auto const suggestion = nearest(name, names);
  return fail(ErrorCode::malformed, "{}: unknown key {}{}", where, printable(name),
              suggestion.empty() ? std::string{} : fmt::format("; did you mean {}?", suggestion));
}

auto bad_value(std::string_view where, ConfigKeyBase const &key, std::string_view got) -> Error {
  return fail(ErrorCode::malformed, "{}: {} must be {}, not {}", where, key.name, config::expected(key.type),
              printable(got));
}

/// Walks the tables of one file and hands each value over under its dotted name.
class FileReader {
public:
  using Take = std::function<void(ConfigKeyBase const &, std::string)>;
  FileReader(std::string_view path, Take take) : path_(path), take_(std::move(take)) {}

  auto read(toml::table const &table, std::string const &above = {}, int depth = 0) -> Result<void> {
    for (auto const &[key, node] : table) {
      auto const name = above.empty() ? std::string{key.str()} : fmt::format("{}.{}", above, key.str());
      TRY_VOID(read_node(name, node, depth));
    }
    return ok;
  }

private:
  auto read_node(std::string const &name, toml::node const &node, int depth) -> Result<void> {
    auto const where = fmt::format("{}:{}", printable(path_), node.source().begin.line);
    auto const known = keys().find(name);
    if (known == keys().end()) {
      auto const *const table = node.as_table();
      if (table == nullptr || table->empty() || depth >= kMaxDepth) return unknown_key(where, name);
      return read(*table, name, depth + 1);
    }
    auto const &key = *known->second;
    auto text = text_of(node, key.type);
    if (!text) return bad_value(where, key, describe(node));
    if (!config::check(key.type, *text)) return bad_value(where, key, fmt::format("\"{}\"", *text));
    take_(key, *std::move(text));
    return ok;
  }

  /// The value in the form of `--set`; nothing where the TOML type is not the key's.
  static auto text_of(toml::node const &node, ConfigKeyBase::Type type) -> std::optional<std::string> {
    using enum ConfigKeyBase::Type;
    if (type == number && node.is_integer()) return fmt::format("{}", node.as_integer()->get());
    if (type == flag && node.is_boolean()) return node.as_boolean()->get() ? "true" : "false";
    if (type == list && node.is_array()) return text_of_array(*node.as_array());
    if ((type == text || type == duration || type == size) && node.is_string()) return node.as_string()->get();
    return std::nullopt;
  }

  static auto text_of_array(toml::array const &array) -> std::optional<std::string> {
    auto entries = std::vector<std::string>{};
    for (auto const &entry : array) {
      if (!entry.is_string() || entry.as_string()->get().empty()) return std::nullopt;
      entries.push_back(entry.as_string()->get());
    }
    return config::join_list(entries);
  }

  static auto describe(toml::node const &node) -> std::string {
    if (auto const *const number = node.as_integer()) return fmt::format("the number {}", number->get());
    if (auto const *const flag = node.as_boolean()) return flag->get() ? "true" : "false";
    if (auto const *const text = node.as_string()) return fmt::format("\"{}\"", text->get());
    if (node.is_array()) return "this array";
    if (node.is_table()) return "a table";
    return "a number with a fraction, a date or a time";
  }

  std::string_view path_;
  Take take_;
};

auto parse_toml(std::string_view text, std::string const &path) -> Result<toml::table> {
  try {
    return toml::parse(text, path);
  } catch (toml::parse_error const &error) {
    auto const begin = error.source().begin;
    return fail(ErrorCode::malformed, "{}:{}:{}: not valid TOML: {}", printable(path), begin.line, begin.column,
                printable(error.description()));
  }
}

auto comment_of(ConfigKeyBase const &key) -> std::string {
  auto const unit = key.unit.empty() ? std::string{} : fmt::format(" [{}]", key.unit);
  return fmt::format("# {}{} (default: {})\n", key.help, unit,
                     printable(config::to_toml_value(key.type, key.default_text)));
}

}  // namespace

ConfigKeyBase::ConfigKeyBase(std::string_view name_, Type type_, std::string default_text_, std::string_view unit_,
                             std::string_view help_)
    : name(name_), type(type_), default_text(std::move(default_text_)), unit(unit_), help(help_) {
  if (!keys().emplace(name, this).second) stop_at_start(name, "declared twice");
  if (!config::check(type, default_text)) stop_at_start(name, "its default is not what its type demands");
}

auto ConfigKeyBase::all() -> std::map<std::string_view, ConfigKeyBase const *> const & { return keys(); }

template <class T>
ConfigKey<T>::ConfigKey(std::string_view key_name, std::string key_default, std::string_view key_unit,
                        std::string_view key_help)
    : ConfigKeyBase(key_name, config::type_of<T>(), std::move(key_default), key_unit, key_help) {}

template <class T>
auto Config::get(ConfigKey<T> const &key) const -> T {
  return config::parse<T>(text(key)).value_or(T{});
}

template class ConfigKey<std::string>;
template class ConfigKey<std::int64_t>;
template class ConfigKey<bool>;
template class ConfigKey<Duration>;
template class ConfigKey<ByteSize>;
template class ConfigKey<std::vector<std::string>>;
template auto Config::get(ConfigKey<std::string> const &) const -> std::string;
template auto Config::get(ConfigKey<std::int64_t> const &) const -> std::int64_t;
template auto Config::get(ConfigKey<bool> const &) const -> bool;
template auto Config::get(ConfigKey<Duration> const &) const -> Duration;
template auto Config::get(ConfigKey<ByteSize> const &) const -> ByteSize;
template auto Config::get(ConfigKey<std::vector<std::string>> const &) const -> std::vector<std::string>;

auto Config::load(std::string const &path, bool must_exist, std::vector<std::string> const &overrides)
    -> Result<Config> {
  auto config = Config{};
  auto const content = read_file(path, kMaxConfigBytes);
  auto const absent = !content && content.error().code == ErrorCode::not_found;
  if (!content && (must_exist || !absent)) return at("configuration", content.error());
  if (content) {
    TRY(auto const table, parse_toml(*content, path));
    auto const take = [&](ConfigKeyBase const &key, std::string text) {
      config.settings_.insert_or_assign(std::string{key.name}, Setting{std::move(text), "file"});
    };
    TRY_VOID(FileReader(path, take).read(table));
  }
  for (auto const &override_text : overrides) {
    auto const equals = override_text.find('=');
    if (equals == std::string::npos)
      return fail(ErrorCode::malformed, "--set {}: write --set KEY=VALUE", printable(override_text));
    auto const name = override_text.substr(0, equals);
    auto value = override_text.substr(equals + 1);
    auto const known = keys().find(name);
    if (known == keys().end()) return unknown_key("--set", name);
    if (!config::check(known->second->type, value))
      return bad_value("--set", *known->second, fmt::format("\"{}\"", value));
    config.settings_.insert_or_assign(name, Setting{std::move(value), "--set"});
  }
  return config;
}

auto Config::text(ConfigKeyBase const &key) const -> std::string {
  auto const found = settings_.find(key.name);
  return found == settings_.end() ? key.default_text : found->second.text;
}

auto Config::origin(ConfigKeyBase const &key) const -> std::string_view {
  auto const found = settings_.find(key.name);
  return found == settings_.end() ? "default" : found->second.origin;
}

auto Config::to_toml() const -> std::string {
  // Grouped by table first: a TOML table may stand in the file only once.
  auto tables = std::map<std::string_view, std::string>{};
  for (auto const &[name, key] : keys()) {
    auto const dot = name.rfind('.');
    auto const table = dot == std::string_view::npos ? std::string_view{} : name.substr(0, dot);
    auto const leaf = dot == std::string_view::npos ? name : name.substr(dot + 1);
    tables[table] += fmt::format("{}{} = {}\n", comment_of(*key), leaf, config::to_toml_value(key->type, text(*key)));
  }
  auto toml = std::string{};
  for (auto const &[table, lines] : tables) {
    if (!toml.empty()) toml += '\n';
    if (!table.empty()) toml += fmt::format("[{}]\n", table);
    toml += lines;
  }
  return toml;
}

}  // namespace noroshi
