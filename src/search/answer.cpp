#include "search/answer.hpp"

#include <map>

#include "search/corroboration.hpp"

namespace noroshi::search {
namespace {

/// Names of sources and titles of reports, asked for once a question.
class Names {
public:
  Names(model::Viewer const &viewer, model::Catalogue &catalogue) : viewer_(viewer), catalogue_(catalogue) {}

  auto source(model::SourceId id) -> std::string const & {
    auto const [place, is_new] = sources_.try_emplace(id);
    if (is_new) {
      auto const found = catalogue_.source(id);
      place->second = found ? found->name : fmt::format("source {}", id.number);
    }
    return place->second;
  }

  auto report(model::ReportId id) -> std::string const & {
    auto const [place, is_new] = reports_.try_emplace(id);
    if (is_new && id.number != 0) {
      auto const found = catalogue_.report(id, viewer_);
      if (found) place->second = found->title;
    }
    return place->second;
  }

private:
  model::Viewer const &viewer_;
  model::Catalogue &catalogue_;
  std::map<model::SourceId, std::string> sources_;
  std::map<model::ReportId, std::string> reports_;
};

void fill(Answer &answer, std::vector<model::Hit> &&hits, Names &names, Time now, Knowledge const &knowledge) {
  if (hits.empty()) return;
  auto named = std::vector<NamedHit>{};
  named.reserve(hits.size());
  for (auto &hit : hits) {
    auto const &source = names.source(hit.context.source);
    auto const &report = names.report(hit.context.report);
    named.push_back({std::move(hit), source, report});
  }
  auto const about = listed(*answer.canonical, knowledge);
  auto assessments = assess(*answer.canonical, named, now, about);
  answer.hits_left_out = named.size() - std::min(named.size(), kMaxHitsOfValue);
  named.resize(named.size() - answer.hits_left_out);
  for (auto i = std::size_t{0}; i < named.size(); ++i) {
    if (about.never) named[i].hit.context.to_ids = false;
    answer.hits.push_back({std::move(named[i]), std::move(assessments[i])});
  }
}

}  // namespace

auto listed(model::Value const &value, Knowledge const &knowledge) -> Listed {
  auto found = Listed{};
  if (knowledge.never != nullptr) found.never = knowledge.never->reason_against(value);
  if (knowledge.where == nullptr) return found;
  if (value.type != model::ValueType::ip && value.type != model::ValueType::url &&
      value.type != model::ValueType::domain)
    return found;
  auto const host =
      value.type == model::ValueType::url ? model::split_url(value.text).host : std::string_view{value.text};
  auto const address = model::IpAddress::parse(host);
  found.flags = address ? knowledge.where->of(*address).flags : knowledge.where->of_name(host);
  return found;
}

auto search(std::span<std::string_view const> values, model::Viewer const &viewer, Knowledge const &knowledge)
    -> Result<std::vector<Answer>> {
  auto answers = std::vector<Answer>(values.size());
  auto asked = std::vector<model::Value>{};
  for (auto i = std::size_t{0}; i < values.size(); ++i) {
    answers[i].value = std::string{values[i]};
    auto parsed = model::parse_value(values[i]);
    if (parsed) {
      asked.push_back(*parsed);
      answers[i].canonical = *std::move(parsed);
    } else {
      answers[i].problem = std::move(parsed).error().sentence;
    }
  }
  auto const now = knowledge.clock.now();
  TRY(auto found, knowledge.indicators.look_up(asked, viewer, now));
  if (found.size() != asked.size())
    return fail(ErrorCode::internal, "the indicator store answered {} of {} values", found.size(), asked.size());
  auto names = Names{viewer, knowledge.catalogue};
  auto next = found.begin();
  for (auto &answer : answers)
    if (answer.canonical) fill(answer, std::move(*next++), names, now, knowledge);
  corroborate(answers);
  return answers;
}

auto home_name(model::Catalogue &catalogue) -> std::string {
  auto const home = catalogue.organisation(model::OrganisationId{1});
  return home ? home->name : "home";
}

void write(JsonWriter &json, AssessedHit const &hit, std::string_view member, std::string_view language,
           Sentences const &sentences) {
  auto const &[match, indicator, context] = hit.named.hit;
  json.begin_object();
  json.member("match", to_string(match)).member("indicator", to_text(indicator));
  json.member("source", hit.named.source).member("attribute", context.attribute).key("report");
  if (context.report.number == 0)
    json.value(nullptr).member("report_id", nullptr);
  else
    json.value(hit.named.report).member("report_id", context.report.number);
  json.member("first_seen", context.first_seen).member("last_seen", context.last_seen).member("count", context.count);
  json.member("confidence", static_cast<int>(context.confidence)).member("role", to_string(context.role));
  json.member("direction", to_string(context.direction)).member("evidence", to_string(context.evidence));
  json.member("collected_by", to_string(context.collected_by)).member("to_ids", context.to_ids);
  json.member("tags", context.tags).member("tlp", to_string(context.tlp)).member("member", member);
  json.key("assessment").begin_object();
  json.member("strength", to_string(hit.assessment.strength)).member("time_gap_days", hit.assessment.time_gap_days);
  json.member("shared", hit.assessment.shared).member("sentence", sentences.text(language, hit.assessment.reason));
  json.member("code", hit.assessment.reason.code).member("corroborated_by", hit.assessment.corroborated_by);
  json.end_object();
  json.end_object();
}

void write(JsonWriter &json, Answer const &answer, std::string_view member, std::string_view language,
           Sentences const &sentences) {
  json.begin_object().member("value", answer.value);
  if (answer.canonical)
    json.member("canonical", to_text(*answer.canonical)).member("type", to_string(answer.canonical->type));
  else
    json.member("canonical", nullptr).member("type", nullptr).member("reason", answer.problem);
  json.member("known", answer.known()).key("hits").begin_array();
  for (auto const &hit : answer.hits) write(json, hit, member, language, sentences);
  json.end_array();
  if (answer.hits_left_out > 0) json.member("hits_left_out", answer.hits_left_out);
  json.end_object();
}

void write(JsonWriter &json, std::span<MemberAnswer const> members) {
  json.begin_object().key("members").begin_array();
  for (auto const &answer : members) {
    json.begin_object()
        .member("member", answer.member)
        .member("status", answer.status)
        .member("ms", answer.milliseconds);
    json.member("values", answer.values).member("hits", answer.hits).key("reason");
    if (answer.reason.empty())
      json.value(nullptr);
    else
      json.value(answer.reason);
    json.member("cannot", answer.cannot).end_object();
  }
  json.end_array().end_object();
}

}  // namespace noroshi::search
