// What one's data can answer, and what not: told before a search that finds nothing is taken for "nobody knows it".
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <vector>

#include "search/answer.hpp"

namespace noroshi::search {

/// What one source says of values of one type in one role.
struct Holding {
  std::string source;
  model::IndicatorSummary::Group group;
};

struct ObservedDays {
  std::uint64_t days = 0, observations = 0;
  std::optional<Day> first, last;
  Day counted_since{};                    // services are counted from this day on
  std::vector<model::TopValue> services;  // by visits, most first
};

struct Fitness {
  std::vector<model::IndicatorSummary::OfType> types;
  std::vector<Holding> holdings;        // most indicators first
  std::uint64_t holdings_left_out = 0;  // further ones
  ObservedDays observed;
  std::vector<Reason> can, cannot;
};

/// Reads the whole indicator store, unless it is as it was the last time. denied to those who may not see observations.
auto fitness(model::Viewer const &viewer, Knowledge const &knowledge) -> Result<Fitness>;

/// {types[{type, indicators}], indicators[{source, type, role, …}], observations{…}, can[], cannot[{code, sentence}]}
void write(codec::JsonWriter &json, Fitness const &fitness, std::string_view language, Sentences const &sentences);

/// The types that a question asks, gathered while it is answered.
class AskedTypes {
public:
  void add(Answer const &answer) {
    if (answer.canonical) types_.set(static_cast<std::size_t>(answer.canonical->type) % types_.size());
  }
  /// Names in `member.cannot` those of which nothing at all is known: they could not have matched. Where that is all
  /// that was asked, and nothing was found, it becomes the reason, unless there is one. At once.
  auto tell(MemberAnswer &member, Knowledge const &knowledge, std::string_view language) const -> Result<void>;

private:
  std::bitset<256> types_;  // a type is a byte
};

}  // namespace noroshi::search
