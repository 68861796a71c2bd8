#include "sense/persona.hpp"

#include <charconv>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/file.hpp"

namespace noroshi::sense {
namespace {

/// A persona is text for people to write; the largest of ours is a few kilobytes.
constexpr auto kMaxPersonaBytes = std::uint64_t{1} << 20;

using Values = std::map<std::string, std::string, std::less<>>;

// TOML nests as deep as its author writes; toml++ itself refuses more than 256 levels.
void flatten(toml::node const &node, std::string const &path, Values &values) {
  if (auto const *const table = node.as_table()) {
    for (auto const &[key, child] : *table)
      flatten(child, path.empty() ? std::string{key.str()} : fmt::format("{}.{}", path, key.str()), values);
  } else if (auto const *const array = node.as_array()) {
    for (auto i = std::size_t{0}; i < array->size(); ++i) flatten((*array)[i], fmt::format("{}.{}", path, i), values);
  } else if (auto const text = node.value<std::string>()) {
    values.emplace(path, *text);
  } else if (auto const number = node.value_exact<std::int64_t>()) {
    values.emplace(path, std::to_string(*number));
  } else if (auto const flag = node.value_exact<bool>()) {
    values.emplace(path, *flag ? "true" : "false");
  } else {
    auto written = std::ostringstream{};  // numbers with a fraction, dates: as they are written
    written << toml::node_view{node};
    values.emplace(path, written.str());
  }
}

}  // namespace

auto Persona::parse(std::string name, std::string_view toml) -> Result<Persona> {
  auto table = toml::table{};
  try {
    table = toml::parse(toml);
  } catch (toml::parse_error const &problem) {
    return fail(ErrorCode::malformed, "persona {}: line {}, column {}: {}; correct the file", name,
                problem.source().begin.line, problem.source().begin.column, problem.description());
  }
  auto persona = Persona{};
  persona.name_ = std::move(name);
  flatten(table, {}, persona.values_);
  return persona;
}

auto Persona::load(std::string const &file) -> Result<Persona> {
  TRY(auto const toml, read_file(file, kMaxPersonaBytes));
  auto parsed = parse(std::filesystem::path{file}.stem().string(), toml);
  if (!parsed) return at(file, std::move(parsed).error());
  parsed->packs_ = std::filesystem::path{file}.parent_path().parent_path().string();
  return parsed;
}

auto Persona::text(std::string_view path, std::string_view otherwise) const -> std::string {
  auto const found = values_.find(path);
  if (found == values_.end()) return std::string{otherwise};
  read_.emplace(path);
  return found->second;
}

auto Persona::number(std::string_view path, std::int64_t otherwise) const -> Result<std::int64_t> {
  auto const written = text(path, std::to_string(otherwise));
  auto number = std::int64_t{};
  auto const [end, error] = std::from_chars(written.data(), written.data() + written.size(), number);
  if (error != std::errc{} || end != written.data() + written.size())
    return fail(ErrorCode::malformed, "persona {}: {} = \"{}\" is not a whole number", name_, path, written);
  return number;
}

auto Persona::list(std::string_view path) const -> std::vector<std::string> {
  auto items = std::vector<std::string>{};
  for (auto key = fmt::format("{}.0", path); values_.contains(key); key = fmt::format("{}.{}", path, items.size()))
    items.push_back(text(key, ""));
  return items;
}

auto Persona::keyed(std::string_view label) const -> std::uint64_t {
  return secret_.hash(fmt::format("persona {} {}", name_, label));
}

auto Persona::drawn(std::string_view label, std::vector<std::string> const &patterns) const -> std::string {
  if (patterns.empty()) return {};
  auto text = patterns[keyed(fmt::format("{} pattern", label)) % patterns.size()];
  for (auto at = std::size_t{0}; (at = text.find('{', at)) != std::string::npos; ++at) {
    auto const draw = keyed(fmt::format("{} digit {}", label, at));
    if (auto const mark = std::string_view{text}.substr(at, 3); mark == "{d}" || mark == "{x}")
      text.replace(at, 3, mark == "{d}" ? fmt::format("{}", draw % 10) : fmt::format("{:x}", draw % 16));
  }
  return text;
}

auto Persona::with_host(std::string text) const -> std::string {
  constexpr auto kMark = std::string_view{"{host}"};
  auto const host = this->text("host.name", "localhost");
  for (auto at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at + host.size()))
    text.replace(at, kMark.size(), host);
  return text;
}

auto Persona::keyed_hex(std::string_view label, std::size_t digits) const -> std::string {
  return secret_.hex(fmt::format("persona {} {}", name_, label), digits);
}

auto Persona::count(std::string_view path) const -> std::size_t {
  for (auto i = std::size_t{0};; ++i)
    if (!has(fmt::format("{}.{}", path, i))) return i;
}

auto Persona::has(std::string_view section) const -> bool {
  auto const prefix = fmt::format("{}.", section);
  auto const found = values_.lower_bound(prefix);
  return found != values_.end() && found->first.starts_with(prefix);
}

auto Persona::refuse_unread(std::string_view section) const -> Result<void> {
  auto const prefix = fmt::format("{}.", section);
  for (auto found = values_.lower_bound(prefix); found != values_.end() && found->first.starts_with(prefix); ++found)
    if (!read_.contains(found->first))
      return fail(ErrorCode::malformed, "persona {}: nothing reads the key {}; correct its name or remove it", name_,
                  found->first);
  return ok;
}

}  // namespace noroshi::sense
