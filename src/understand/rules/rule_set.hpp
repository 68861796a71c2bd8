// Rules made ready to be looked up in every request: linear in the request's length, whatever rules there are.
#pragma once

#include <span>
#include <string_view>

#include "understand/rules/literals.hpp"
#include "understand/rules/rule.hpp"

namespace noroshi::understand {

/// A request as the http decoy notes it (model::Observation), all bytes as they came.
struct NotedRequest {
  std::string_view method;
  std::string_view target;  // Field::path
  std::string_view body;    // Field::payload: the first bytes, without chunking
  std::string_view extra;   // JSON with headers[[name, value]…], or empty
};

/// Immutable, so shared by threads.
class RuleSet {
public:
  /// Malformed where a rule has nothing by which it could be found fast: it would be tried on every request.
  static auto create(std::vector<Rule> rules) -> Result<RuleSet>;
  [[nodiscard]] auto rules() const -> std::vector<Rule> const & { return rules_; }

private:
  friend class RuleMatcher;
  std::vector<Rule> rules_;
  // One text of each rule, by which it becomes worth trying: in the path, query, body, or a header's name in `extra`.
  Literals paths_, queries_, bodies_, headers_;
};

/// Looks requests up in a set that outlives it. One a thread.
class RuleMatcher {
public:
  static auto create(RuleSet const &rules) -> Result<RuleMatcher>;

  /// The rules that a request matches, by id; valid until the next call.
  auto match(NotedRequest const &request) -> std::span<Rule const *const>;

private:
  explicit RuleMatcher(RuleSet const &rules) : rules_(&rules) {}
  auto holds(Rule const &rule, NotedRequest const &request) -> bool;
  auto holds(Condition const &condition) -> bool;
  void read_headers();

  struct Header {
    std::string name, value;  // normalised
  };

  RuleSet const *rules_;
  Literals::Scratch scratch_;
  std::string path_, query_, body_;
  std::string_view extra_;
  std::vector<Header> headers_;  // read from extra_ only where a rule asks for them
  bool headers_read_ = false;
  std::vector<std::uint32_t> candidates_;
  std::vector<Rule const *> matched_;
};

}  // namespace noroshi::understand
