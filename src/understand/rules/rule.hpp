// Exploit rules: what a request that tries a known weakness looks like. One TOML file a rule in packs/rules/ and in the
// operator's own folders; docs/reference/rules.md describes the form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "base/result.hpp"

namespace noroshi::understand {

inline ConfigKey<std::vector<std::string>> const kRuleFolders{
    "rules.folders", "", "folders",
    "folders with exploit rules of one's own (*.toml), read at start beside those that Noroshi ships"};

/// One thing that must hold of a request, after normalisation (codec/http_normal.hpp).
struct Condition {
  enum class Part : std::uint8_t {
    path,
    query,
    body,
    parameters,  // query and body: programs take a parameter from either
    header,
    anywhere,  // path, query, body or the value of any header: for what attacks by being logged
  };
  Part part = Part::path;
  std::string header;                // name in lower case, where part is header
  std::vector<std::string> has;      // each of these stands in it
  std::vector<std::string> has_one;  // at least one of these, where there are any
  std::vector<std::string> ends;     // the path ends with one of these, where there are any
  std::vector<std::string> lacks;    // none of these
};

struct Rule {
  std::string id;  // "fortios-sslvpn-traversal"; the file's name
  std::string title;
  std::string product;
  std::vector<std::string> cves;  // may be empty: not every weakness has one
  std::vector<std::string> techniques;
  std::vector<std::string> references;
  std::vector<std::string> methods;  // one of these; any where empty
  std::vector<Condition> when;       // all of these
  std::vector<std::string> probes;   // whole requests that the rule must match: its tests, and its explanation

  /// "attack:…" for each technique, then "cve:…" for each CVE, or "rule:ID" where there is none.
  std::vector<std::string> tags;
};

/// Larger is no rule. Bounds what a folder of wrong files costs.
inline constexpr auto kMaxRuleFile = std::uint64_t{64} << 10;
/// Published rule collections for web attacks hold a few thousand.
inline constexpr auto kMaxRules = std::size_t{20'000};

/// Reads one rule. Malformed: the sentence names `file`, line and key. Literals come out normalised.
auto parse_rule(std::string_view toml, std::string const &file) -> Result<Rule>;

/// Every rule of the folders, by id. not_found: a folder is missing; conflict: two rules of one id.
auto read_rules(std::vector<std::string> const &folders) -> Result<std::vector<Rule>>;

/// Those that the product ships and those in rules.folders. Where the product's data is not found (a test program)
/// there are none of the first; the node itself does not start without its data.
auto read_rules(Config const &config) -> Result<std::vector<Rule>>;

}  // namespace noroshi::understand
