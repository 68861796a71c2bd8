// What the pages of `show` have in common.
#pragma once

#include <map>

#include "search/show.hpp"

namespace noroshi::search {

/// The answer about one value that is known to be well-formed.
auto answer_one(model::Value const &value, model::Viewer const &viewer, Knowledge const &knowledge) -> Result<Answer>;

auto named_hits(Answer const &answer) -> std::vector<NamedHit>;

/// `verdict` and `reasons[{code, parameters{}, sentence}]`.
void write_judgement(codec::JsonWriter &json, Judgement const &judgement, std::string_view language,
                     Sentences const &sentences);

/// `country`, `asn`, `network`: of whoever stood behind the address then; null where unknown.
void write_where(codec::JsonWriter &json, model::WhereFrom const &where);
/// One entry of `flags[]`: {flag, source, date}. What the node found by itself has no source.
void write_flag(codec::JsonWriter &json, std::string_view flag, std::string_view source = {},
                std::string_view date = {});

/// `tags[]`: those of all hits, sorted, once each.
void write_tags(codec::JsonWriter &json, Answer const &answer);

void write_hits(codec::JsonWriter &json, Answer const &answer, std::string_view language, Knowledge const &knowledge);

/// Names of sensors by number; empty for viewers who may not see them.
auto sensor_names(model::Viewer const &viewer, model::Catalogue &catalogue) -> std::map<model::SensorId, std::string>;

/// One observation: time, kind, addresses, and each of its fields by name.
void write_observation(codec::JsonWriter &json, model::StoredObservation const &observation,
                       std::map<model::SensorId, std::string> const &sensors);

}  // namespace noroshi::search
