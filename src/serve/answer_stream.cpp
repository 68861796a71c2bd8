#include "serve/answer_stream.hpp"

namespace noroshi::serve {
namespace {

// What one step may add: the server holds it until the client has taken it.
constexpr auto kPieceBytes = std::size_t{48} << 10;
// And look at: answers of others must not keep the server's loop from its other connections.
constexpr auto kAnswersAtOnce = 500;

auto code_of(model::Finding const &finding) -> std::string {
  auto const one = !finding.value.text.empty();
  switch (finding.kind) {
    case model::AnswerKind::seen: return one ? "watch_seen" : "watch_seen_others";
    case model::AnswerKind::known: return "watch_known";
    case model::AnswerKind::past: return one ? "watch_past" : "watch_past_others";
    case model::AnswerKind::more: return one ? "watch_more" : "watch_more_others";
  }
  return "watch_seen";
}

auto sentence_of(model::WatchAnswer const &answer, AnswerReader const &reader, understand::AnswerNames &names)
    -> std::string {
  auto const &finding = answer.finding;
  auto sensors = std::string{};
  for (auto const sensor : finding.sensors) sensors += (sensors.empty() ? "" : ", ") + names.sensor(sensor);
  auto const reason = search::Reason{code_of(finding),
                                     {{"value", finding.value.text},
                                      {"found", finding.found.text},
                                      {"count", std::to_string(finding.count)},
                                      {"first", to_rfc3339(finding.first_seen)},
                                      {"last", to_rfc3339(finding.last_seen)},
                                      {"sensors", sensors},
                                      {"source", finding.source.number == 0 ? "" : names.source(finding.source)},
                                      {"role", std::string{to_string(finding.role)}}}};
  return reader.sentences.text(reader.language, reason);
}

}  // namespace

void write_line(std::string &to, model::WatchAnswer const &answer, AnswerReader const &reader,
                understand::AnswerNames &names) {
  auto json = codec::JsonWriter{to};
  json.begin_object();
  understand::write_answer(json, answer, names);
  json.member("sentence", sentence_of(answer, reader, names)).end_object();
  to.push_back('\n');
}

AnswerStream::AnswerStream(model::AnswerPage first, std::unique_ptr<understand::AnswerTail::Reader> tail,
                           std::optional<model::WatchId> watch, AnswerReader reader, understand::AnswerNames names,
                           Clock const &clock)
    : first_(std::move(first)),
      tail_(std::move(tail)),
      watch_(watch),
      reader_(std::move(reader)),
      names_(std::move(names)),
      clock_(clock),
      until_(clock.steady() + kLongest) {}

auto AnswerStream::next(std::string &to) -> Step {
  auto const before = to.size();
  for (auto looked_at = 0; to.size() < before + kPieceBytes && looked_at < kAnswersAtOnce; ++looked_at) {
    if (given_ < first_.answers.size()) {
      write_line(to, first_.answers[given_++], reader_, names_);
      continue;
    }
    if (!tail_) return Step::end;
    auto const found = tail_->next();
    if (found.missed) return Step::end;
    if (!found.answer) return clock_.steady() < until_ ? Step::waiting : Step::end;
    if (watch_ && found.answer->finding.watch != *watch_) continue;
    if (may_see(reader_.viewer, *found.answer)) write_line(to, *found.answer, reader_, names_);
  }
  return clock_.steady() < until_ ? Step::more : Step::end;
}

}  // namespace noroshi::serve
