// POST /api/v1/search: who knows these values? {"values": […]} or one value a line; answers one JSON object a line, in
// the order asked, and a last line about the members that answered.
#include "codec/asked_values.hpp"
#include "search/fitness.hpp"
#include "search/question.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

// Looked up at once: enough to hide a look-up's latency, and the hits of so many are held at the same time.
constexpr auto kValuesAtOnce = std::size_t{2048};
// What an answer without hits and a hit take, about.
constexpr auto kValueBytes = std::size_t{160};
constexpr auto kHitBytes = std::size_t{800};
// An answer below this size goes out whole, with its length; a larger one in pieces.
constexpr auto kWholeBytes = std::size_t{1} << 20;
constexpr auto kPieceBytes = std::size_t{128} << 10;

auto likely_bytes(std::span<search::Answer const> answers) -> std::size_t {
  auto bytes = answers.size() * kValueBytes;
  for (auto const &answer : answers) bytes += answer.hits.size() * kHitBytes;
  return bytes;
}

/// The answer's lines, made as they are sent: of a question of any size a piece and the hits of one group are held.
class Answers final : public net::PiecedBody {
public:
  Answers(std::unique_ptr<codec::AskedValues> asked, Call const &call)
      : asked_(std::move(asked)),
        rest_(asked_->all()),
        viewer_(call.viewer),
        language_(call.language),
        clock_(call.services.clock),
        start_(clock_.steady()),
        knowledge_(call.knowledge()),
        question_(viewer_, knowledge_),
        member_{search::home_name(call.services.catalogue), "answered", 0, 0, 0, {}},
        writer_(member_.member, language_, call.sentences) {}

  auto next(std::string &to) -> bool override { return write(to, kPieceBytes); }

  /// Until `to` has so many bytes more, or all is answered: then false.
  auto write(std::string &to, std::size_t bytes) -> bool {
    auto const before = to.size();
    while (to.size() - before < bytes) {
      if (!answers_.empty()) {
        write(to, answers_.front());
        answers_ = answers_.subspan(1);
      } else if (rest_.empty()) {
        finish(to);
        return false;
      } else if (auto const failure = look_up_more(); !failure) {
        give_up(failure.error());
        finish(to);
        return false;
      } else {
        to.reserve(std::min(before + bytes, to.size() + likely_bytes(answers_)));
      }
    }
    return true;
  }

  /// The error behind "partly", where nothing was answered at all.
  [[nodiscard]] auto failure() const -> std::optional<Error> const & { return failure_; }
  [[nodiscard]] auto answered() const -> std::uint64_t { return member_.values; }

private:
  /// Looks up the next group; where it has more hits than are held at once, a smaller one.
  auto look_up_more() -> Result<void> {
    for (auto count = std::min(rest_.size(), kValuesAtOnce);; count /= 2) {
      auto const answers = question_.answer(rest_.first(count));
      if (!answers && answers.error().code == ErrorCode::too_large && count > 1) continue;
      if (!answers) return answers.error();
      answers_ = *answers;
      rest_ = rest_.subspan(count);
      return ok;
    }
  }

  void write(std::string &to, search::Answer const &answer) {
    auto json = codec::JsonWriter{to};
    writer_.write(json, answer);
    to.push_back('\n');
    ++member_.values;
    types_.add(answer);
    member_.hits += answer.hits.size() + answer.hits_left_out;
  }

  void give_up(Error const &error) {
    failure_ = error;
    member_.status = "partly";
    member_.reason = sentence_for_caller(error);
    rest_ = {};
  }

  void finish(std::string &to) {
    if (auto const told = types_.tell(member_, knowledge_, language_); !told && !failure_) give_up(told.error());
    auto const spent = clock_.steady() - start_;
    member_.milliseconds =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(spent).count());
    auto json = codec::JsonWriter{to};
    search::write(json, std::span{&member_, 1});
    to.push_back('\n');
  }

  std::unique_ptr<codec::AskedValues> asked_;
  std::span<std::string_view const> rest_;  // not looked up yet
  model::Viewer viewer_;
  std::string language_;
  Clock const &clock_;
  std::chrono::steady_clock::time_point start_;
  search::Knowledge knowledge_;
  search::Question question_;
  std::span<search::Answer const> answers_;  // looked up, not written yet
  search::MemberAnswer member_;
  search::AskedTypes types_;
  search::AnswerWriter writer_;
  std::optional<Error> failure_;
};

class Search final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {
        .summary = "Who knows these values? One answer a line, in the order asked; the last line is about the members",
        .request = "Question",
        .answer = "AnswerLine",
        .answer_type = "application/x-ndjson"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto asked, codec::AskedValues::parse(std::move(call.request.body)));
    auto const answers = std::make_shared<Answers>(std::move(asked), call);
    auto response = net::HttpResponse{};
    response.content_type = "application/x-ndjson";
    auto const more = answers->write(response.body, kWholeBytes);
    // Nothing has gone out yet, so the status can tell.
    if (answers->failure() && answers->answered() == 0) return *answers->failure();
    if (more) response.pieces = answers;
    return response;
  }
};

Registered<Endpoint, Search> const endpoint{"POST /api/v1/search"};

}  // namespace
}  // namespace noroshi::serve
