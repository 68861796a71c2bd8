// Answers of watches as they come, one JSON object a line: a body without an end for one follower.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "net/http.hpp"
#include "search/sentences.hpp"
#include "understand/answer_json.hpp"
#include "understand/answer_tail.hpp"

namespace noroshi::serve {

/// Whose answers, in which words.
struct AnswerReader {
  model::Viewer viewer;
  std::string language;
  search::Sentences const &sentences;
};

/// One answer as a line: what understand::write_answer() has, and `sentence`.
void write_line(std::string &to, model::WatchAnswer const &answer, AnswerReader const &reader,
                understand::AnswerNames &names);

/// First what the book had when it was asked, then answers as they come; an empty line where there was none for a
/// while. Ends after kLongest, so that a right that was taken away ends too, and where the follower was away for too
/// long: it asks again, behind the last id it has.
class AnswerStream final : public net::LiveBody {
public:
  static constexpr auto kLongest = std::chrono::hours{1};

  /// `tail` null: ends behind `first`.
  AnswerStream(model::AnswerPage first, std::unique_ptr<understand::AnswerTail::Reader> tail,
               std::optional<model::WatchId> watch, AnswerReader reader, understand::AnswerNames names,
               Clock const &clock);

  auto next(std::string &to) -> Step override;
  void on_more(std::function<void()> wake) override {
    if (tail_) tail_->on_more(std::move(wake));
  }
  [[nodiscard]] auto heartbeat() const -> std::string_view override { return "\n"; }

private:
  model::AnswerPage first_;
  std::size_t given_ = 0;  // of first_
  std::unique_ptr<understand::AnswerTail::Reader> tail_;
  std::optional<model::WatchId> watch_;
  AnswerReader reader_;
  understand::AnswerNames names_;
  Clock const &clock_;
  std::chrono::steady_clock::time_point until_;
};

}  // namespace noroshi::serve
