#include "search/show_parts.hpp"

#include <set>

#include <boost/json/parser.hpp>

#include "base/text.hpp"

namespace noroshi::search {
namespace {

void write_field(codec::JsonWriter &json, model::StoredObservation::FieldValue const &field) {
  auto const &about = model::info(field.field);
  switch (about.type) {
    case model::FieldType::number: json.member(about.name, field.number); break;
    case model::FieldType::flag: json.member(about.name, field.number != 0); break;
    case model::FieldType::text: json.member(about.name, field.text); break;
    // Always the lossless form, so that a reader gets the very bytes back.
    case model::FieldType::bytes: json.member(about.name, lossless_utf8(field.text)); break;
  }
}

/// A sensor wrote it, so it may be anything: what is no JSON is shown as text.
void write_extra(codec::JsonWriter &json, std::string const &extra) {
  auto parser = boost::json::parser{};
  auto error = boost::json::error_code{};
  parser.write(extra, error);
  json.key("extra");
  if (error)
    json.value(extra);
  else
    json.value(parser.release());
}

}  // namespace

auto answer_one(model::Value const &value, model::Viewer const &viewer, Knowledge const &knowledge) -> Result<Answer> {
  auto const text = std::string_view{value.text};
  TRY(auto answers, search(std::span{&text, 1}, viewer, knowledge));
  return std::move(answers.front());
}

auto named_hits(Answer const &answer) -> std::vector<NamedHit> {
  auto hits = std::vector<NamedHit>{};
  for (auto const &hit : answer.hits) hits.push_back(hit.named);
  return hits;
}

void write_judgement(codec::JsonWriter &json, Judgement const &judgement, std::string_view language,
                     Sentences const &sentences) {
  json.member("verdict", to_string(judgement.verdict)).key("reasons").begin_array();
  for (auto const &reason : judgement.reasons) {
    json.begin_object().member("code", reason.code).key("parameters").begin_object();
    for (auto const &[name, value] : reason.parameters) json.member(name, value);
    json.end_object().member("sentence", sentences.text(language, reason)).end_object();
  }
  json.end_array();
}

void write_tags(codec::JsonWriter &json, Answer const &answer) {
  auto tags = std::set<std::string>{};
  for (auto const &hit : answer.hits) tags.insert(hit.named.hit.context.tags.begin(), hit.named.hit.context.tags.end());
  json.member("tags", std::vector<std::string>{tags.begin(), tags.end()});
}

void write_hits(codec::JsonWriter &json, Answer const &answer, std::string_view language, Knowledge const &knowledge) {
  auto const member = home_name(knowledge.catalogue);
  json.key("hits").begin_array();
  for (auto const &hit : answer.hits) write(json, hit, member, language, knowledge.sentences);
  json.end_array();
}

auto sensor_names(model::Viewer const &viewer, model::Catalogue &catalogue) -> std::map<model::SensorId, std::string> {
  auto names = std::map<model::SensorId, std::string>{};
  auto const sensors = catalogue.sensors(viewer);
  if (!sensors) return names;
  for (auto const &sensor : *sensors) names.emplace(sensor.id, sensor.name);
  return names;
}

void write_observation(codec::JsonWriter &json, model::StoredObservation const &observation,
                       std::map<model::SensorId, std::string> const &sensors) {
  auto const sensor = sensors.find(observation.sensor);
  json.begin_object().member("time", observation.time).member("session", observation.visit.to_string());
  json.member("seq", observation.sequence).member("kind", to_string(observation.kind));
  json.member("sensor", sensor == sensors.end() ? std::string{} : sensor->second);
  json.member("src", observation.source.address.to_string()).member("src_port", observation.source.port);
  json.member("dst", observation.destination.address.to_string()).member("dst_port", observation.destination.port);
  json.member("transport", to_string(observation.transport)).member("service", observation.service);
  for (auto const &field : observation.fields) write_field(json, field);
  if (!observation.extra.empty()) write_extra(json, observation.extra);
  json.end_object();
}

void write_where(codec::JsonWriter &json, model::WhereFrom const &where) {
  auto const text = [&](std::string_view name, std::string const &value) {
    json.key(name);
    if (value.empty())
      json.value(nullptr);
    else
      json.value(value);
  };
  text("country", where.country);
  json.member("asn", where.asn == 0 ? std::optional<std::uint32_t>{} : where.asn);
  text("network", where.network);
}

void write_flag(codec::JsonWriter &json, std::string_view flag, std::string_view source, std::string_view date) {
  json.begin_object().member("flag", flag).key("source");
  if (source.empty())
    json.value(nullptr).member("date", nullptr);
  else
    json.value(source).member("date", date);
  json.end_object();
}

}  // namespace noroshi::search
