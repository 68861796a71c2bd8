// Questions over the stores: who knows these values?
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "codec/json_writer.hpp"
#include "model/ports/catalogue.hpp"
#include "model/ports/indicator_store.hpp"
#include "model/ports/observation_store.hpp"
#include "search/assessment.hpp"
#include "understand/where.hpp"

namespace noroshi::understand {
class RuleSet;
}

namespace noroshi::search {

/// What questions are asked of. All outlive the question.
struct Knowledge {
  model::IndicatorStore &indicators;
  model::ObservationStore &observations;
  model::Catalogue &catalogue;
  Clock const &clock;
  Sentences const &sentences;
  understand::RuleSet const *rules = nullptr;    // what a session's requests tried; nothing where there are none
  understand::Where const *where = nullptr;      // nullptr: nobody knows what addresses are listed as
  understand::NeverList const *never = nullptr;  // nullptr: nothing is kept from blocks
};

/// What lists say of a value now.
auto listed(model::Value const &value, Knowledge const &knowledge) -> Listed;

/// Hits of one value that an answer carries, the strongest; further ones are counted in `hits_left_out`. An address
/// that thousands of reports name would otherwise fill the answer to a million values.
inline constexpr auto kMaxHitsOfValue = std::size_t{256};

struct AssessedHit {
  NamedHit named;
  Assessment assessment;
};

struct Answer {
  std::string value;                      // as asked
  std::optional<model::Value> canonical;  // nothing: malformed, and `problem` says why
  std::string problem;
  std::vector<AssessedHit> hits;
  std::size_t hits_left_out = 0;
  [[nodiscard]] auto known() const -> bool { return !hits.empty(); }
};

/// An answer to each value, in order. A malformed value is answered as such and fails nobody else's. What is asked
/// together corroborates each other (corroboration.hpp).
auto search(std::span<std::string_view const> values, model::Viewer const &viewer, Knowledge const &knowledge)
    -> Result<std::vector<Answer>>;

/// How one member of the alliance (so far: this node) took part in answering.
struct MemberAnswer {
  std::string member;
  std::string status;  // answered, declined, partly, timed_out, unreachable, wrong
  std::uint64_t milliseconds = 0;
  std::uint64_t values = 0;  // answered for
  std::uint64_t hits = 0;
  std::string reason;
  std::vector<std::string> cannot = {};  // types asked of which nothing at all is known
};

/// The name of the node's own organisation.
auto home_name(model::Catalogue &catalogue) -> std::string;

/// Writes many answers: a sentence that stands in several is made once. Everything given outlives it.
class AnswerWriter {
public:
  AnswerWriter(std::string_view member, std::string_view language, Sentences const &sentences)
      : member_(member), language_(language), sentences_(sentences) {}
  void write(codec::JsonWriter &json, Answer const &answer);
  void write(codec::JsonWriter &json, AssessedHit const &hit);

private:
  auto sentence(Reason const &reason) -> std::string_view;

  std::string_view member_, language_;
  Sentences const &sentences_;
  std::unordered_map<std::string, std::string> known_;  // by code and parameters
  std::string key_;
};

/// {value, canonical, type, known, hits[…]} and, for a malformed value, `reason`.
void write(codec::JsonWriter &json, Answer const &answer, std::string_view member, std::string_view language,
           Sentences const &sentences);
/// {match, indicator, source, report, …, assessment{…}}
void write(codec::JsonWriter &json, AssessedHit const &hit, std::string_view member, std::string_view language,
           Sentences const &sentences);
/// {members[…]}: the last line of every answer.
void write(codec::JsonWriter &json, std::span<MemberAnswer const> members);

}  // namespace noroshi::search
