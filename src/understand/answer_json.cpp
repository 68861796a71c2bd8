#include "understand/answer_json.hpp"

namespace noroshi::understand {

namespace {

// More sources than one stream's answers name; past it they are asked for again.
constexpr auto kMaxNames = std::size_t{10'000};

void write_value(codec::JsonWriter &json, std::string_view name, std::string_view type_name,
                 model::Value const &value) {
  if (value.text.empty())
    json.member(name, nullptr).member(type_name, nullptr);
  else
    json.member(name, value.text).member(type_name, to_string(value.type));
}

}  // namespace

auto AnswerNames::sensor(model::SensorId id) -> std::string {
  if (!sensors_.contains(id)) {
    auto const all = catalogue_.sensors(viewer_);
    if (all)
      for (auto const &each : *all) sensors_[each.id] = each.name;
    sensors_.try_emplace(id, std::to_string(id.number));
  }
  return sensors_[id];
}

auto AnswerNames::source(model::SourceId id) -> std::string {
  auto const found = sources_.find(id);
  if (found != sources_.end()) return found->second;
  if (sources_.size() >= kMaxNames) sources_.clear();
  auto const source = catalogue_.source(id);
  return sources_[id] = source ? source->name : std::to_string(id.number);
}

void write_answer(codec::JsonWriter &json, model::WatchAnswer const &answer, AnswerNames &names) {
  auto const &finding = answer.finding;
  json.member("id", answer.id).member("watch", finding.watch.number).member("note", answer.note);
  json.member("time", answer.time).member("answer", to_string(finding.kind));
  write_value(json, "value", "type", finding.value);
  write_value(json, "found", "found_type", finding.found);
  json.member("match", to_string(finding.match));
  json.member("first_seen", finding.first_seen).member("last_seen", finding.last_seen).member("count", finding.count);
  json.key("sensors").begin_array();
  for (auto const sensor : finding.sensors) json.value(names.sensor(sensor));
  json.end_array();
  auto const said = finding.source.number != 0;
  json.key("source");
  said ? json.value(names.source(finding.source)) : json.value(nullptr);
  json.key("report_id");
  finding.report.number != 0 ? json.value(finding.report.number) : json.value(nullptr);
  json.key("role");
  said ? json.value(to_string(finding.role)) : json.value(nullptr);
  json.member("tlp", to_string(finding.tlp));
}

}  // namespace noroshi::understand
