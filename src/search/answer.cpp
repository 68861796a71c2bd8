#include "search/answer.hpp"

#include "model/domain_names.hpp"
#include "search/question.hpp"

namespace noroshi::search {
namespace {

// Sentences that are kept: reasons differ by their days and sources, and no question has many of both.
constexpr auto kMaxSentences = std::size_t{4096};

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
  auto const address = model::address_of_host(host);
  found.flags = address ? knowledge.where->flags_of(*address) : knowledge.where->of_name(host);
  return found;
}

auto search(std::span<std::string_view const> values, model::Viewer const &viewer, Knowledge const &knowledge)
    -> Result<std::vector<Answer>> {
  auto question = Question{viewer, knowledge};
  TRY(auto const answers, question.answer(values));
  return std::vector<Answer>{std::move_iterator{answers.begin()}, std::move_iterator{answers.end()}};
}

auto home_name(model::Catalogue &catalogue) -> std::string {
  auto const home = catalogue.organisation(model::OrganisationId{1});
  return home ? home->name : "home";
}

auto AnswerWriter::sentence(Reason const &reason) -> std::string_view {
  key_ = reason.code;
  for (auto const &[name, value] : reason.parameters) key_.append(1, '\0').append(name).append(1, '\0').append(value);
  if (auto const found = known_.find(key_); found != known_.end()) return found->second;
  if (known_.size() >= kMaxSentences) known_.clear();
  return known_.emplace(key_, sentences_.text(language_, reason)).first->second;
}

void AnswerWriter::write(codec::JsonWriter &json, AssessedHit const &hit) {
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
  json.member("tags", context.tags).member("tlp", to_string(context.tlp)).member("member", member_);
  json.key("assessment").begin_object();
  json.member("strength", to_string(hit.assessment.strength)).member("time_gap_days", hit.assessment.time_gap_days);
  json.member("shared", hit.assessment.shared).member("sentence", sentence(hit.assessment.reason));
  json.member("code", hit.assessment.reason.code).member("corroborated_by", hit.assessment.corroborated_by);
  json.end_object();
  json.end_object();
}

void AnswerWriter::write(codec::JsonWriter &json, Answer const &answer) {
  json.begin_object().member("value", answer.value);
  if (answer.canonical)
    json.member("canonical", to_text(*answer.canonical)).member("type", to_string(answer.canonical->type));
  else
    json.member("canonical", nullptr).member("type", nullptr).member("reason", answer.problem);
  json.member("known", answer.known()).key("hits").begin_array();
  for (auto const &hit : answer.hits) write(json, hit);
  json.end_array();
  if (answer.hits_left_out > 0) json.member("hits_left_out", answer.hits_left_out);
  json.end_object();
}

void write(codec::JsonWriter &json, AssessedHit const &hit, std::string_view member, std::string_view language,
           Sentences const &sentences) {
  AnswerWriter{member, language, sentences}.write(json, hit);
}

void write(codec::JsonWriter &json, Answer const &answer, std::string_view member, std::string_view language,
           Sentences const &sentences) {
  AnswerWriter{member, language, sentences}.write(json, answer);
}

void write(codec::JsonWriter &json, std::span<MemberAnswer const> members) {
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
