// GET /api/v1/watches/answers: what watches found, one JSON object a line. `after` goes on behind an id; with `follow`
// the answer has no end.
#include "serve/answer_stream.hpp"
#include "serve/body.hpp"
#include "serve/endpoint.hpp"
#include "serve/observation_query.hpp"

namespace noroshi::serve {
namespace {

constexpr auto kUsual = std::size_t{1'000};
constexpr auto kMost = std::size_t{10'000};  // held in memory: some megabytes

class Answers final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "What watches found, oldest first, one a line; with `follow`, as it comes",
            .parameters = {{"after", In::query, kNumber, "only answers behind this id; where it is not said, all kept"},
                           {"watch", In::query, kNumber, "only those of this watch"},
                           {"limit", In::query, kCount, "answers at most: 1,000 where it is not said, 10,000 at most"},
                           {"follow", In::query, kFlag, "goes on with what comes; an empty line says: still here"}},
            .answer = "WatchAnswer",
            .answer_type = "application/x-ndjson"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override {
    return viewer.may_see_observations();
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    auto &watcher = *call.services.watcher;
    TRY(auto const after, number(call.request, "after"));
    TRY(auto const wanted, number(call.request, "watch"));
    auto const watch = wanted ? std::optional{model::WatchId{*wanted}} : std::nullopt;
    TRY(auto const follow, flag_parameter(call.request, "follow"));
    TRY(auto const limit, limit_of(call.request, follow ? kMost : kUsual, kMost));
    TRY(auto page, watcher.book().answers(after.value_or(0), watch, limit, call.viewer));
    auto response = net::HttpResponse{};
    response.content_type = "application/x-ndjson";
    auto reader = AnswerReader{call.viewer, call.language, call.sentences};
    auto names = understand::AnswerNames{call.services.catalogue, call.viewer};
    if (follow) {
      response.headers.emplace_back("X-Accel-Buffering", "no");
      auto tail = page.more ? nullptr : watcher.tail().follow(page.through);
      response.live = std::make_shared<AnswerStream>(std::move(page), std::move(tail), watch, std::move(reader),
                                                     std::move(names), call.services.clock);
      return response;
    }
    // What was looked at and may not be seen is not asked about again.
    response.headers.emplace_back("Noroshi-Through", std::to_string(page.through));
    response.headers.emplace_back("Noroshi-More", page.more ? "true" : "false");
    for (auto const &each : page.answers) write_line(response.body, each, reader, names);
    return response;
  }

private:
  static auto number(net::HttpRequest const &request, std::string_view name) -> Result<std::optional<std::int64_t>> {
    auto const text = request.parameter(name);
    if (text.empty()) return std::optional<std::int64_t>{};
    TRY(auto const number, parse_number(name, text));
    return std::optional{static_cast<std::int64_t>(std::min<std::uint64_t>(number, INT64_MAX))};
  }
};

Registered<Endpoint, Answers> const answers{"GET /api/v1/watches/answers"};

}  // namespace
}  // namespace noroshi::serve
