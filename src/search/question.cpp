#include "search/question.hpp"

#include <algorithm>
#include <numeric>

#include "model/canonical_fast.hpp"
#include "search/corroboration.hpp"

namespace noroshi::search {
namespace {

/// What is echoed of a value that is too long to be one: all of it would let a question of one value be answered with
/// six times its size.
constexpr auto kMaxEchoedBytes = model::kMaxValueBytes;

}  // namespace

auto Names::source(model::SourceId id) -> std::string const & {
  auto const [place, is_new] = sources_.try_emplace(id);
  if (is_new) {
    auto const found = catalogue_.source(id);
    place->second = found ? found->name : fmt::format("source {}", id.number);
  }
  return place->second;
}

auto Names::report(model::ReportId id) -> std::string const & {
  auto const [place, is_new] = reports_.try_emplace(id);
  if (is_new && id.number != 0) {
    auto const found = catalogue_.report(id, viewer_);
    if (found) place->second = found->title;
  }
  return place->second;
}

Question::Question(model::Viewer const &viewer, Knowledge const &knowledge)
    : viewer_(viewer), knowledge_(knowledge), names_(viewer, knowledge.catalogue) {}

auto Question::answer(std::span<std::string_view const> values) -> Result<std::span<Answer>> {
  answers_.clear();
  answers_.reserve(values.size());
  auto asked = std::vector<model::Value>{};
  asked.reserve(values.size());
  for (auto const text : values) {
    auto &answer = answers_.emplace_back();
    answer.value = std::string{text.substr(0, kMaxEchoedBytes)};
    auto parsed = model::parse_value_fast(text);
    if (parsed) {
      asked.push_back(*parsed);
      answer.canonical = *std::move(parsed);
    } else {
      answer.problem = std::move(parsed).error().sentence;
    }
  }
  now_ = knowledge_.clock.now();
  TRY(auto found, knowledge_.indicators.look_up(asked, viewer_, now_));
  if (found.size() != asked.size())
    return fail(ErrorCode::internal, "the indicator store answered {} of {} values", found.size(), asked.size());
  auto next = found.begin();
  for (auto &answer : answers_)
    if (answer.canonical) fill(answer, std::move(*next++));
  corroborate(answers_);
  return std::span{answers_};
}

auto Question::about(model::ListedIndicator &&listed) -> Answer {
  now_ = knowledge_.clock.now();
  auto hits = std::vector<model::Hit>{};
  hits.reserve(listed.contexts.size());
  for (auto &context : listed.contexts) hits.push_back({model::MatchKind::exact, listed.indicator, std::move(context)});
  auto answer = Answer{};
  answer.value = model::to_text(listed.indicator);
  answer.canonical = std::move(listed.indicator);
  fill(answer, std::move(hits));
  return answer;
}

void Question::fill(Answer &answer, std::vector<model::Hit> &&hits) {
  if (hits.empty()) return;
  auto named = std::vector<NamedHit>{};
  named.reserve(hits.size());
  for (auto &hit : hits) {
    auto const &source = names_.source(hit.context.source);
    auto const &report = names_.report(hit.context.report);
    named.push_back({std::move(hit), source, report});
  }
  auto const about = listed(*answer.canonical, knowledge_);
  auto assessments = assess(*answer.canonical, named, now_, about);
  auto kept = std::vector<std::size_t>(named.size());
  std::iota(kept.begin(), kept.end(), std::size_t{0});
  if (named.size() > kMaxHitsOfValue) {  // the strongest, in the order of all
    std::ranges::sort(kept, [&](std::size_t a, std::size_t b) {
      return std::pair{assessments[b].strength, a} < std::pair{assessments[a].strength, b};
    });
    kept.resize(kMaxHitsOfValue);
    std::ranges::sort(kept);
  }
  answer.hits_left_out = named.size() - kept.size();
  answer.hits.reserve(kept.size());
  for (auto const i : kept) {
    if (about.never) named[i].hit.context.to_ids = false;
    answer.hits.push_back({std::move(named[i]), std::move(assessments[i])});
  }
}

}  // namespace noroshi::search
