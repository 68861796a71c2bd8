// GET /api/v1/fitness: what the data can answer and what not. Analysts and administrators: it may read every indicator.
#include "search/fitness.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

class Fitness final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "What the data can answer and what not: types, sources, roles, time spans", .answer = "Fitness"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override { return viewer.may_write_reports(); }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const fitness, search::fitness(call.viewer, call.knowledge()));
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    search::write(json, fitness, call.language, call.sentences);
    return json_reply(std::move(body));
  }
};

Registered<Endpoint, Fitness> const fitness{"GET /api/v1/fitness"};

}  // namespace
}  // namespace noroshi::serve
