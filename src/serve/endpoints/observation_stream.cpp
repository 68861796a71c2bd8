// GET /api/v1/observations/stream: observations as they come, as server-sent events. `Last-Event-ID` goes on where a
// follower was cut off.
#include "serve/observation_stream.hpp"
#include "serve/endpoint.hpp"

namespace noroshi::serve {
namespace {

auto filter_of(net::HttpRequest const &request) -> Result<StreamFilter> {
  auto filter = StreamFilter{};
  if (auto const kind = request.parameter("kind"); !kind.empty()) {
    TRY(filter.kind, model::parse_kind(kind));
  }
  if (auto const source = request.parameter("source"); !source.empty()) {
    TRY(auto const value, model::canonical(model::ValueType::ip, source));
    TRY(filter.source, model::IpAddress::parse(value.text));
  }
  filter.service = std::string{request.parameter("service")};
  return filter;
}

class Stream final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Observations as they come, as server-sent events",
            .parameters = {{"kind", In::query, kText, "only observations of this kind"},
                           {"source", In::query, kText, "only those of this source address"},
                           {"service", In::query, kText, "only those of this decoy"},
                           {"Last-Event-ID", In::header, kText, "the last id that came: goes on behind it"}},
            .answer_type = "text/event-stream"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override {
    return viewer.may_see_observations();
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto filter, filter_of(call.request));
    auto place = std::optional<understand::TailPlace>{};
    if (auto const last = call.request.header("last-event-id"); !last.empty()) {
      TRY(place, understand::TailPlace::parse(last));
    }
    auto response = net::HttpResponse{};
    response.content_type = "text/event-stream";
    // A buffering reverse proxy (nginx) would hold events back.
    response.headers.emplace_back("X-Accel-Buffering", "no");
    response.live = std::make_shared<ObservationStream>(call.services.tail.follow(place), std::move(filter),
                                                        call.viewer, call.services.catalogue, call.services.clock);
    return response;
  }
};

Registered<Endpoint, Stream> const stream{"GET /api/v1/observations/stream"};

}  // namespace
}  // namespace noroshi::serve
