#include "understand/rules/rule_set.hpp"

#include <algorithm>

#include <simdjson.h>

#include "base/text.hpp"
#include "codec/http_normal.hpp"

namespace noroshi::understand {
namespace {

using Part = Condition::Part;

// Shorter texts stand in too many requests to save work.
constexpr auto kLeastAnchor = std::size_t{4};

/// The texts of which one must stand in a request before its rule is worth trying.
struct Anchors {
  Part part = Part::path;
  std::vector<std::string> texts;
  [[nodiscard]] auto least() const -> std::size_t {
    return texts.empty() ? 0 : std::ranges::min(texts, {}, &std::string::size).size();
  }
};

/// The best that a condition offers: the longest text that must stand there, or a list of which one must.
auto anchors_of(Condition const &condition) -> Anchors {
  if (condition.part == Part::header) return {Part::header, {"\"" + condition.header + "\""}};
  auto best = Anchors{condition.part, {}};
  for (auto const &text : condition.has)
    if (text.size() > best.least()) best.texts = {text};
  for (auto const *const list : {&condition.ends, &condition.has_one})
    if (auto const several = Anchors{condition.part, *list}; several.least() > best.least()) best = several;
  return best;
}

auto anchors_of(Rule const &rule) -> Anchors {
  auto best = Anchors{};
  for (auto const &condition : rule.when) {
    auto const offered = anchors_of(condition);
    // A header's name is the last resort: common ones stand in every request.
    auto const better = best.part == Part::header || best.texts.empty() ? offered.least() >= kLeastAnchor
                                                                        : offered.least() > best.least();
    if (better && (offered.part != Part::header || best.texts.empty())) best = offered;
  }
  return best;
}

/// `stands(text)` says whether a text stands in what the condition is about.
template <class Stands>
auto fits(Condition const &condition, Stands const &stands) -> bool {
  return std::ranges::all_of(condition.has, stands) && std::ranges::none_of(condition.lacks, stands) &&
         (condition.has_one.empty() || std::ranges::any_of(condition.has_one, stands)) &&
         (condition.ends.empty() || std::ranges::any_of(condition.ends, stands));
}

}  // namespace

auto RuleSet::create(std::vector<Rule> rules) -> Result<RuleSet> {
  auto set = RuleSet{};
  auto paths = std::vector<Literals::Literal>{};
  auto queries = paths, bodies = paths, headers = paths;
  for (auto number = std::uint32_t{0}; number < rules.size(); ++number) {
    auto const anchors = anchors_of(rules[number]);
    if (anchors.least() < kLeastAnchor)
      return fail(ErrorCode::malformed,
                  "rule {}: no condition has a text of {} bytes or more, so it would be tried on every request; add "
                  "\"has\" or \"ends\" with one, or only such texts to \"has_one\"",
                  rules[number].id, kLeastAnchor);
    for (auto const &text : anchors.texts) {
      auto const anywhere = anchors.part == Part::anywhere;
      auto const parameters = anywhere || anchors.part == Part::parameters;
      if (anywhere || anchors.part == Part::path) paths.push_back({text, number});
      if (parameters || anchors.part == Part::query) queries.push_back({text, number});
      if (parameters || anchors.part == Part::body) bodies.push_back({text, number});
      if (anywhere || anchors.part == Part::header) headers.push_back({text, number});
    }
  }
  set.rules_ = std::move(rules);
  TRY(set.paths_, Literals::create(paths, Literals::Letters::as_they_are));
  TRY(set.queries_, Literals::create(queries, Literals::Letters::as_they_are));
  TRY(set.bodies_, Literals::create(bodies, Literals::Letters::as_they_are));
  TRY(set.headers_, Literals::create(headers, Literals::Letters::any_case));
  return set;
}

auto RuleMatcher::create(RuleSet const &rules) -> Result<RuleMatcher> {
  auto matcher = RuleMatcher{rules};
  for (auto const *const literals : {&rules.paths_, &rules.queries_, &rules.bodies_, &rules.headers_})
    TRY_VOID(literals->prepare(matcher.scratch_));
  return matcher;
}

auto RuleMatcher::match(NotedRequest const &request) -> std::span<Rule const *const> {
  matched_.clear();
  candidates_.clear();
  headers_read_ = false;
  extra_ = request.extra;
  auto const [path, query] = codec::http::split_target(request.target);
  codec::http::normalise_path(path, path_);
  codec::http::normalise_text(query, query_);
  codec::http::normalise_text(request.body, body_);
  rules_->paths_.find(path_, scratch_, candidates_);
  rules_->queries_.find(query_, scratch_, candidates_);
  rules_->bodies_.find(body_, scratch_, candidates_);
  rules_->headers_.find(extra_, scratch_, candidates_);
  if (candidates_.empty()) return {};
  std::ranges::sort(candidates_);
  candidates_.erase(std::ranges::unique(candidates_).begin(), candidates_.end());
  for (auto const number : candidates_)
    if (auto const &rule = rules_->rules_[number]; holds(rule, request)) matched_.push_back(&rule);
  return matched_;
}

auto RuleMatcher::holds(Rule const &rule, NotedRequest const &request) -> bool {
  if (!rule.methods.empty() && std::ranges::find(rule.methods, request.method) == rule.methods.end()) return false;
  return std::ranges::all_of(rule.when, [this](Condition const &condition) { return holds(condition); });
}

auto RuleMatcher::holds(Condition const &condition) -> bool {
  auto const in = [](std::string const &where) {
    return [&where](std::string const &text) { return where.contains(text); };
  };
  if ((condition.part == Part::header || condition.part == Part::anywhere) && !headers_read_) read_headers();
  switch (condition.part) {
    case Part::path: return fits(condition, in(path_));
    case Part::query: return fits(condition, in(query_));
    case Part::body: return fits(condition, in(body_));
    case Part::parameters:
      return fits(condition, [&](std::string const &text) { return in(query_)(text) || in(body_)(text); });
    case Part::header:  // may come twice; one of its values must fit whole
      return std::ranges::any_of(headers_, [&](Header const &header) {
        return header.name == condition.header && fits(condition, in(header.value));
      });
    case Part::anywhere:
      return fits(condition, [&](std::string const &text) {
        return in(path_)(text) || in(query_)(text) || in(body_)(text) ||
               std::ranges::any_of(headers_, [&](Header const &header) { return in(header.value)(text); });
      });
  }
  return false;
}

/// A sensor wrote `extra`, so it may be anything: what is not [[name, value]…] gives no headers.
void RuleMatcher::read_headers() {
  headers_read_ = true;
  headers_.clear();
  if (extra_.empty()) return;
  auto parser = simdjson::dom::parser{};
  auto headers = simdjson::dom::array{};
  if (parser.parse(extra_.data(), extra_.size())["headers"].get(headers) != simdjson::SUCCESS) return;
  for (auto const pair : headers) {
    auto name = std::string_view{};
    auto value = std::string_view{};
    if (pair.at(0).get(name) != simdjson::SUCCESS || pair.at(1).get(value) != simdjson::SUCCESS) continue;
    auto &header = headers_.emplace_back();
    codec::http::normalise_header(from_lossless_utf8(name), header.name);
    codec::http::normalise_header(from_lossless_utf8(value), header.value);
  }
}

}  // namespace noroshi::understand
