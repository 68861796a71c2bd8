// One question under way: values are looked up a group at a time, and answered one after the other.
#pragma once

#include <map>

#include "search/answer.hpp"

namespace noroshi::search {

/// Names of sources and titles of reports, asked for once a question.
class Names {
public:
  Names(model::Viewer const &viewer, model::Catalogue &catalogue) : viewer_(viewer), catalogue_(catalogue) {}
  auto source(model::SourceId id) -> std::string const &;
  auto report(model::ReportId id) -> std::string const &;

private:
  model::Viewer const &viewer_;
  model::Catalogue &catalogue_;
  std::map<model::SourceId, std::string> sources_;
  std::map<model::ReportId, std::string> reports_;
};

/// Keeps what is the same for all values of a question. Not thread-safe; `viewer` outlives it.
class Question {
public:
  Question(model::Viewer const &viewer, Knowledge const &knowledge);

  /// Answers to the next values, in order; valid until the next call. Where it fails there are none.
  auto answer(std::span<std::string_view const> values) -> Result<std::span<Answer>>;
  /// The answer to an indicator that a list found, as if it had been asked.
  auto about(model::ListedIndicator &&listed) -> Answer;

private:
  void fill(Answer &answer, std::vector<model::Hit> &&hits);

  model::Viewer const &viewer_;
  Knowledge knowledge_;
  Names names_;
  Time now_{};
  std::vector<Answer> answers_;
};

}  // namespace noroshi::search
