#include <algorithm>
#include <array>
#include <set>

#include "search/show_parts.hpp"

namespace noroshi::search {
namespace {

/// Of a file, or of what a client shows of itself.
auto is_hash(model::ValueType type) -> bool {
  using enum model::ValueType;
  constexpr auto kHashes = std::array{md5, sha1, sha256, sha512, ssdeep, tlsh, imphash, ja3, ja4, hassh};
  return std::ranges::find(kHashes, type) != kHashes.end();
}

auto parse_thing(std::string_view name, std::string_view text) -> Result<model::Value> {
  if (name == "url") return model::canonical(model::ValueType::url, text);
  if (name == "domain") return model::canonical(model::ValueType::domain, text);
  TRY(auto value, model::parse_value(text));
  if (!is_hash(value.type))
    return fail(ErrorCode::malformed,
                "\"{}\" is no MD5, SHA-1, SHA-256, SHA-512, ssdeep, TLSH, imphash, JA3, JA4 or HASSH",
                text.substr(0, 200));
  return value;
}

auto count(std::vector<model::StoredObservation> const &observations) -> Mentions {
  auto mentions = Mentions{};
  mentions.all = observations.size();
  mentions.downloads = static_cast<std::uint64_t>(
      std::ranges::count(observations, model::Kind::download, &model::StoredObservation::kind));
  return mentions;
}

void write_times(codec::JsonWriter &json, Answer const &answer, std::vector<model::StoredObservation> const &mentions) {
  auto first = Time::max();
  auto last = Time{};
  auto const widen = [&](Time from, Time to) {
    first = std::min(first, from);
    last = std::max(last, to);
  };
  for (auto const &hit : answer.hits) widen(hit.named.hit.context.first_seen, hit.named.hit.context.last_seen);
  for (auto const &mention : mentions) widen(mention.time, mention.time);
  json.member("first_seen", first == Time::max() ? Time{} : first).member("last_seen", last);
}

void write_mentions(codec::JsonWriter &json, std::vector<model::StoredObservation> const &mentions,
                    std::map<model::SensorId, std::string> const &sensors) {
  auto sources = std::set<model::IpAddress>{};
  for (auto const &mention : mentions) sources.insert(mention.source.address);
  json.member("observations", mentions.size()).member("observations_complete", mentions.size() < kShownMentions);
  json.key("sources").begin_array();
  for (auto const &source : sources) json.value(source.to_string());
  json.end_array().key("mentions").begin_array();
  for (auto const &mention : mentions) write_observation(json, mention, sensors);
  json.end_array();
}

}  // namespace

auto show_thing(std::string_view name, std::string_view text, model::Viewer const &viewer, std::string_view language,
                Knowledge const &knowledge) -> Result<std::string> {
  TRY(auto const value, parse_thing(name, text));
  TRY(auto const answer, answer_one(value, viewer, knowledge));
  auto mentions = std::vector<model::StoredObservation>{};
  auto sensors = std::map<model::SensorId, std::string>{};
  if (viewer.may_see_observations()) {
    TRY(mentions, knowledge.observations.mentions(value, kShownMentions, viewer));
    sensors = sensor_names(viewer, knowledge.catalogue);
  }
  auto out = std::string{};
  auto json = codec::JsonWriter{out};
  json.begin_object().member(name, to_text(value)).member("type", to_string(value.type));
  json.member("known", answer.known() || !mentions.empty());
  write_judgement(json, judge_thing(count(mentions), named_hits(answer)), language, knowledge.sentences);
  write_times(json, answer, mentions);
  write_tags(json, answer);
  write_hits(json, answer, language, knowledge);
  write_mentions(json, mentions, sensors);
  json.end_object();
  return out;
}

}  // namespace noroshi::search
