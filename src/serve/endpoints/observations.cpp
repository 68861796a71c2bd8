// GET /api/v1/observations: what sensors saw, in order of receipt, a page at a time. `next` is the cursor of the page
// that follows; null behind the last one.
#include "search/show.hpp"
#include "search/show_parts.hpp"
#include "serve/endpoint.hpp"
#include "serve/observation_query.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

constexpr auto kUsual = std::size_t{100};
constexpr auto kMost = std::size_t{1'000};  // a page of posted bodies is some tens of MiB

class Observations final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    auto parameters = observation_parameters();
    parameters.push_back(
        {"limit", In::query, kCount, "entries of one answer: 100 where it is not said, 1,000 at most"});
    return {.summary = "What sensors saw, in order of receipt", .parameters = parameters, .answer = "Observations"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override {
    return viewer.may_see_observations();
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const query, observation_query(call.request));
    TRY(auto const limit, limit_of(call.request, kUsual, kMost));
    TRY(auto const page, call.services.observations.page(query, call.request.parameter("cursor"), limit, call.viewer));
    auto const sensors = search::sensor_names(call.viewer, call.services.catalogue);
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().key("observations").begin_array();
    for (auto const &seen : page.observations) search::write_observation(json, seen, sensors);
    json.end_array().member("next", page.next).end_object();
    return json_reply(std::move(body));
  }
};

Registered<Endpoint, Observations> const observations{"GET /api/v1/observations"};

}  // namespace
}  // namespace noroshi::serve
