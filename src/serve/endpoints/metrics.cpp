// GET /metrics: counters in Prometheus's exposition format.
#include "base/metrics.hpp"
#include "serve/endpoint.hpp"

namespace noroshi::serve {
namespace {

class Metrics final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Counters in the exposition format of Prometheus", .answer_type = "text/plain"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override {
    return viewer.may_see_observations();
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    auto response = net::HttpResponse{};
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body =
        metrics_text(call.services.other_metrics ? call.services.other_metrics() : std::vector<MetricSample>{});
    return response;
  }
};

Registered<Endpoint, Metrics> const metrics{"GET /metrics"};

}  // namespace
}  // namespace noroshi::serve
