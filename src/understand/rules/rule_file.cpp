#include <algorithm>
#include <array>
#include <filesystem>

#include <toml++/toml.h>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/packs.hpp"
#include "base/text.hpp"
#include "codec/http_normal.hpp"
#include "understand/rules/rule.hpp"

namespace noroshi::understand {
namespace {

namespace http = codec::http;
using Part = Condition::Part;

// A rule is a handful of words; far more is a mistake, and costs every request that comes near it.
constexpr auto kMaxItems = std::size_t{64};
constexpr auto kMaxLiteral = std::size_t{256};
constexpr auto kMaxId = std::size_t{64};

/// Where in which file: every message begins with it.
struct Place {
  std::string const &file;
  auto wrong(toml::node const &node, std::string const &sentence) const -> Error {
    return fail(ErrorCode::malformed, "{} line {}: {}", file, node.source().begin.line, sentence);
  }
};

auto check_keys(toml::table const &table, std::vector<std::string_view> const &known, Place const &place)
    -> Result<void> {
  for (auto const &[key, node] : table)
    if (std::ranges::find(known, key.str()) == known.end())
      return place.wrong(node, fmt::format("there is no key \"{}\" here; the nearest is \"{}\"", printable(key.str()),
                                           nearest(key.str(), known)));
  return ok;
}

auto text_of(toml::table const &table, std::string_view key, Place const &place) -> Result<std::string> {
  auto const *const node = table.get(key);
  if (node == nullptr) return place.wrong(table, fmt::format("\"{}\" is missing", key));
  auto const text = node->value<std::string>();
  if (!text || text->empty()) return place.wrong(*node, fmt::format("\"{}\" is not a text, or empty", key));
  return *text;
}

auto list_of(toml::table const &table, std::string_view key, Place const &place) -> Result<std::vector<std::string>> {
  auto list = std::vector<std::string>{};
  auto const *const node = table.get(key);
  if (node == nullptr) return list;
  auto const *const items = node->as_array();
  if (items == nullptr || items->size() > kMaxItems)
    return place.wrong(*node, fmt::format("\"{}\" is not a list of at most {} texts", key, kMaxItems));
  for (auto const &item : *items) {
    auto const text = item.value<std::string>();
    if (!text || text->empty()) return place.wrong(item, fmt::format("\"{}\" holds something that is no text", key));
    list.push_back(*text);
  }
  return list;
}

auto all_digits(std::string_view text) -> bool {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// CVE-YYYY-NNNN and more digits.
auto is_cve(std::string_view text) -> bool {
  return text.size() >= 13 && text.starts_with("CVE-") && all_digits(text.substr(4, 4)) && text[8] == '-' &&
         all_digits(text.substr(9));
}

/// T1190 or T1059.004.
auto is_technique(std::string_view text) -> bool {
  if (!text.starts_with('T') || !all_digits(text.substr(1, 4)) || text.size() < 5) return false;
  return text.size() == 5 || (text.size() == 9 && text[5] == '.' && all_digits(text.substr(6)));
}

auto is_word(std::string_view text, std::string_view also) -> bool {
  return std::ranges::all_of(
      text, [&](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || also.contains(c); });
}

auto normalised(Part part, std::string_view key, std::string_view literal) -> std::string {
  auto text = std::string{};
  if (part == Part::path) {
    // As it stands in a longer path: no dot segment is resolved, and only "ends" takes the end along.
    http::normalise_path(literal, text);
    text.erase(text.find('\n') + (key == "ends" ? 1 : 0));
  } else if (part == Part::header || part == Part::anywhere) {
    http::normalise_header(literal, text);
  } else {
    http::normalise_text(literal, text);
  }
  return text;
}

auto read_literals(toml::table const &table, std::string_view key, Part part, Place const &place)
    -> Result<std::vector<std::string>> {
  TRY(auto list, list_of(table, key, place));
  for (auto &literal : list) {
    if (literal.size() > kMaxLiteral)
      return place.wrong(*table.get(key), fmt::format("\"{}\" holds a text of more than {} bytes", key, kMaxLiteral));
    literal = normalised(part, key, literal);
  }
  return list;
}

auto parse_part(std::string_view name) -> std::optional<Part> {
  if (name == "path") return Part::path;
  if (name == "query") return Part::query;
  if (name == "body") return Part::body;
  if (name == "parameters") return Part::parameters;
  if (name == "anywhere") return Part::anywhere;
  return name == "header" ? std::optional{Part::header} : std::nullopt;
}

auto read_condition(toml::table const &table, Place const &place) -> Result<Condition> {
  TRY_VOID(check_keys(table, {"part", "name", "has", "has_one", "ends", "lacks"}, place));
  TRY(auto const name, text_of(table, "part", place));
  auto const part = parse_part(name);
  if (!part)
    return place.wrong(*table.get("part"), "\"part\" is one of path, query, body, parameters, header, anywhere");
  auto condition = Condition{.part = *part, .header = {}, .has = {}, .has_one = {}, .ends = {}, .lacks = {}};
  if (*part == Part::header) {
    TRY(condition.header, text_of(table, "name", place));
    if (!is_word(condition.header, "-_"))
      return place.wrong(*table.get("name"), "\"name\" is a header's name in lower case");
  } else if (table.contains("name")) {
    return place.wrong(*table.get("name"), "\"name\" belongs to part = \"header\" only");
  }
  TRY(condition.has, read_literals(table, "has", *part, place));
  TRY(condition.has_one, read_literals(table, "has_one", *part, place));
  TRY(condition.lacks, read_literals(table, "lacks", *part, place));
  TRY(condition.ends, read_literals(table, "ends", *part, place));
  if (!condition.ends.empty() && *part != Part::path)
    return place.wrong(*table.get("ends"), "\"ends\" belongs to part = \"path\" only");
  return condition;
}

auto read_conditions(toml::table const &table, Place const &place) -> Result<std::vector<Condition>> {
  auto const *const node = table.get("when");
  auto const *const items = node == nullptr ? nullptr : node->as_array();
  if (items == nullptr || items->empty() || items->size() > kMaxItems)
    return place.wrong(table, fmt::format("a rule needs [[when]], at most {} times", kMaxItems));
  auto conditions = std::vector<Condition>{};
  for (auto const &item : *items) {
    if (!item.is_table()) return place.wrong(item, "\"when\" is not a table; write [[when]]");
    TRY(auto condition, read_condition(*item.as_table(), place));
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

auto check_names(Rule const &rule, toml::table const &table, Place const &place) -> Result<void> {
  if (rule.id.size() > kMaxId || !is_word(rule.id, "-"))
    return place.wrong(*table.get("id"), "\"id\" is of small letters, digits and -");
  if (std::filesystem::path{place.file}.stem() != rule.id)
    return place.wrong(*table.get("id"), fmt::format("the file of rule {} is {}.toml", rule.id, rule.id));
  for (auto const &cve : rule.cves)
    if (!is_cve(cve)) return place.wrong(*table.get("cves"), fmt::format("\"{}\" is no CVE id", printable(cve)));
  for (auto const &technique : rule.techniques)
    if (!is_technique(technique))
      return place.wrong(*table.get("techniques"), fmt::format("\"{}\" is no ATT&CK technique", printable(technique)));
  if (rule.techniques.empty()) return place.wrong(table, "\"techniques\" is missing; most are [\"T1190\"]");
  return ok;
}

auto read_rule(toml::table const &table, Place const &place) -> Result<Rule> {
  TRY_VOID(check_keys(
      table, {"id", "title", "product", "cves", "techniques", "references", "methods", "when", "probes"}, place));
  auto rule = Rule{};
  TRY(rule.id, text_of(table, "id", place));
  TRY(rule.title, text_of(table, "title", place));
  TRY(rule.product, text_of(table, "product", place));
  TRY(rule.cves, list_of(table, "cves", place));
  TRY(rule.techniques, list_of(table, "techniques", place));
  TRY(rule.references, list_of(table, "references", place));
  TRY(rule.methods, list_of(table, "methods", place));
  TRY(rule.probes, list_of(table, "probes", place));
  TRY(rule.when, read_conditions(table, place));
  TRY_VOID(check_names(rule, table, place));
  for (auto const &technique : rule.techniques) rule.tags.push_back("attack:" + technique);
  for (auto const &cve : rule.cves) rule.tags.push_back("cve:" + cve);
  if (rule.cves.empty()) rule.tags.push_back("rule:" + rule.id);
  return rule;
}

auto read_folder(std::string const &folder, std::vector<Rule> &rules) -> Result<void> {
  auto files = std::vector<std::string>{};
  auto error = std::error_code{};
  for (auto const &entry : std::filesystem::directory_iterator{folder, error})
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  if (error) return fail(ErrorCode::not_found, "the folder of rules {} cannot be read: {}", folder, error.message());
  std::ranges::sort(files);
  for (auto const &file : files) {
    TRY(auto const text, read_file(file, kMaxRuleFile));
    TRY(auto rule, parse_rule(text, file));
    if (rules.size() == kMaxRules)
      return fail(ErrorCode::too_large, "{}: there are more than {} rules", folder, kMaxRules);
    rules.push_back(std::move(rule));
  }
  return ok;
}

}  // namespace

auto parse_rule(std::string_view toml, std::string const &file) -> Result<Rule> {
  try {
    auto const table = toml::parse(toml, file);
    return read_rule(table, Place{file});
  } catch (toml::parse_error const &error) {
    return fail(ErrorCode::malformed, "{} line {}: {}", file, error.source().begin.line, error.description());
  }
}

auto read_rules(std::vector<std::string> const &folders) -> Result<std::vector<Rule>> {
  auto rules = std::vector<Rule>{};
  for (auto const &folder : folders) TRY_VOID(read_folder(folder, rules));
  std::ranges::sort(rules, {}, &Rule::id);
  auto const twice = std::ranges::adjacent_find(rules, {}, &Rule::id);
  if (twice != rules.end())
    return fail(ErrorCode::conflict, "two rules have the id {}; rename the one of your own", twice->id);
  return rules;
}

auto read_rules(Config const &config) -> Result<std::vector<Rule>> {
  auto folders = config.get(kRuleFolders);
  if (auto const packs = packs_folder(); packs)
    folders.insert(folders.begin(), *packs + "/rules");
  else
    log_debug("{}; only rules of rules.folders count", packs.error().sentence);
  return read_rules(folders);
}

}  // namespace noroshi::understand
