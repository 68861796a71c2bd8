// What an indicator store's summary has to say.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "model/ports/indicator_store.hpp"

namespace noroshi::test {

/// The summary of what is visible, as plainly as it can be said.
inline auto summary_of(std::vector<std::pair<model::Value, model::Context>> const &visible) -> model::IndicatorSummary {
  auto groups = std::map<std::tuple<model::SourceId, model::ValueType, model::Role>, model::IndicatorSummary::Group>{};
  auto named = std::set<std::tuple<model::SourceId, model::Role, model::Value>>{};
  auto values = std::map<model::ValueType, std::set<std::string>>{};
  for (auto const &[value, context] : visible) {
    auto const [place, is_new] = groups.try_emplace({context.source, value.type, context.role});
    auto &group = place->second;
    if (is_new) group = {context.source, value.type, context.role, 0, 0, context.first_seen, context.last_seen};
    group.first = std::min(group.first, context.first_seen);
    group.last = std::max(group.last, context.last_seen);
    ++group.contexts;
    if (named.insert({context.source, context.role, value}).second) ++group.indicators;
    values[value.type].insert(value.text);
  }
  auto summary = model::IndicatorSummary{};
  for (auto const &[key, group] : groups) summary.groups.push_back(group);
  for (auto const &[type, texts] : values) summary.types.push_back({type, texts.size()});
  return summary;
}

}  // namespace noroshi::test
