// GET /api/v1/indicators?in=BLOCK&below=DOMAIN&containing=TEXT[&type=…][&timeout=SECONDS]: all indicators that meet
// these conditions. All are looked at, so answers come as they are found, with a line of progress each second and a
// last line about the members, which says whether it is the whole.
#include <atomic>
#include <memory>

#include "base/text.hpp"
#include "search/question.hpp"
#include "search/scan.hpp"
#include "serve/body.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

using std::chrono::steady_clock;

constexpr auto kUsualTimeout = std::uint64_t{60};
constexpr auto kLongestTimeout = std::uint64_t{3600};
// Each takes every processor for a while; whoever comes third would wait for both.
constexpr auto kScansAtOnce = 2;
constexpr auto kPieceBytes = std::size_t{128} << 10;
// How long one piece waits for something to be found: its thread is one of few.
constexpr auto kPatience = std::chrono::milliseconds{100};
constexpr auto kProgressEach = std::chrono::seconds{1};

/// A place among the scans that run.
class Place {
public:
  static auto take(std::shared_ptr<std::atomic<int>> const &taken) -> std::unique_ptr<Place> {
    if (taken->fetch_add(1) < kScansAtOnce) return std::unique_ptr<Place>{new Place{taken}};
    taken->fetch_sub(1);
    return nullptr;
  }
  ~Place() { taken_->fetch_sub(1); }
  Place(Place const &) = delete;
  auto operator=(Place const &) -> Place & = delete;

private:
  explicit Place(std::shared_ptr<std::atomic<int>> taken) : taken_(std::move(taken)) {}
  std::shared_ptr<std::atomic<int>> taken_;
};

class Found final : public net::PiecedBody {
public:
  Found(Call const &call, model::IndicatorFilter filter, std::chrono::seconds timeout, std::uint64_t of,
        std::unique_ptr<Place> place)
      : viewer_(call.viewer),
        language_(call.language),
        clock_(call.services.clock),
        start_(clock_.steady()),
        timeout_(timeout),
        of_(of),
        place_(std::move(place)),
        question_(viewer_, call.knowledge()),
        member_{search::home_name(call.services.catalogue), "answered", 0, 0, 0, {}},
        writer_(member_.member, language_, call.sentences) {
    scan_.emplace(call.services.indicators,
                  search::Scan::Options{std::move(filter), viewer_, call.services.clock.now()});
  }

  auto next(std::string &to) -> bool override {
    auto const begun = steady_clock::now();
    auto const before = to.size();
    while (to.size() - before < kPieceBytes && steady_clock::now() - begun < kPatience) {
      auto found = scan_->next(begun + kPatience);
      if (found)
        for (auto &listed : *found) write(to, std::move(listed));
      auto const late = clock_.steady() - start_ >= timeout_;
      if (scan_->finished() || late) {
        finish(to, late);
        return false;
      }
    }
    if (clock_.steady() - told_ >= kProgressEach) tell(to);
    return true;
  }

private:
  void write(std::string &to, model::ListedIndicator &&listed) {
    auto const answer = question_.about(std::move(listed));
    auto json = codec::JsonWriter{to};
    writer_.write(json, answer);
    to.push_back('\n');
    ++member_.values;
    member_.hits += answer.hits.size() + answer.hits_left_out;
  }

  [[nodiscard]] auto examined() const -> std::uint64_t { return std::min(of_, scan_->examined()); }

  void tell(std::string &to) {
    told_ = clock_.steady();
    auto json = codec::JsonWriter{to};
    json.begin_object().key("progress").begin_object();
    json.member("examined", examined()).member("of", of_).member("found", member_.values);
    json.end_object().end_object();
    to.push_back('\n');
  }

  void finish(std::string &to, bool late) {
    if (auto const failure = scan_->failure()) {
      member_.status = "partly";
      member_.reason = sentence_for_caller(*failure);
    } else if (!scan_->finished() && late) {
      member_.status = "partly";
      member_.reason =
          fmt::format("{} s were over when {} of {} indicators had been looked at; allow more time, or ask for less",
                      timeout_.count(), examined(), of_);
    }
    auto const spent = clock_.steady() - start_;
    member_.milliseconds =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(spent).count());
    auto json = codec::JsonWriter{to};
    search::write(json, std::span{&member_, 1});
    to.push_back('\n');
    scan_.reset();
    place_.reset();
  }

  model::Viewer viewer_;
  std::string language_;
  Clock const &clock_;
  steady_clock::time_point start_, told_ = start_;
  std::chrono::seconds timeout_;
  std::uint64_t of_;
  std::unique_ptr<Place> place_;
  search::Question question_;
  search::MemberAnswer member_;
  search::AnswerWriter writer_;
  std::optional<search::Scan> scan_;
};

class Indicators final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "All indicators in a range, below a domain or with a text inside, as they are found",
            .parameters = {{"in", In::query, kText, "addresses and blocks inside this block, as in 192.0.2.0/24"},
                           {"below", In::query, kText, "this domain, names below it, URLs and addresses there"},
                           {"containing", In::query, kText, "values with this text inside"},
                           {"type", In::query, kText, "only values of this type, such as domain"},
                           {"timeout", In::query, kCount, "seconds after which it ends: 60 where it is not said"}},
            .answer = "FoundLine",
            .answer_type = "application/x-ndjson"};
  }

  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    auto const &request = call.request;
    auto filter = model::IndicatorFilter{};
    TRY(filter.value,
        model::parse_condition(request.parameter("in"), request.parameter("below"), request.parameter("containing")));
    if (filter.value.is_empty())
      return fail(ErrorCode::malformed, "say what is looked for: in=BLOCK, below=DOMAIN or containing=TEXT");
    if (auto const type = request.parameter("type"); !type.empty()) {
      TRY(auto const wanted, model::parse_value_type(type));
      filter.types = {wanted};
    }
    auto timeout = kUsualTimeout;
    if (auto const text = request.parameter("timeout"); !text.empty()) {
      TRY(timeout, parse_number("timeout", text));
      if (timeout == 0 || timeout > kLongestTimeout)
        return fail(ErrorCode::malformed, "timeout must be from 1 to {} seconds", kLongestTimeout);
    }
    TRY(auto const stats, call.services.indicators.stats());
    auto place = Place::take(running_);
    if (place == nullptr)
      return fail(ErrorCode::unavailable, "{} such questions are being answered already; try again in a moment",
                  kScansAtOnce);
    auto response = net::HttpResponse{};
    response.content_type = "application/x-ndjson";
    response.pieces = std::make_shared<Found>(call, std::move(filter), std::chrono::seconds{timeout}, stats.indicators,
                                              std::move(place));
    return response;
  }

private:
  std::shared_ptr<std::atomic<int>> running_ = std::make_shared<std::atomic<int>>(0);
};

Registered<Endpoint, Indicators> const endpoint{"GET /api/v1/indicators"};

}  // namespace
}  // namespace noroshi::serve
