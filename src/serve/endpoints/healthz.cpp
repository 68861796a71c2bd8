// GET /healthz: for load balancers and service managers. Tells nothing but that requests are answered.
#include "serve/endpoint.hpp"

namespace noroshi::serve {
namespace {

class Healthz final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Whether requests are answered", .answer_type = "text/plain"};
  }
  [[nodiscard]] auto is_public() const -> bool override { return true; }
  auto answer(Call const &) -> Result<net::HttpResponse> override {
    auto response = net::HttpResponse{};
    response.content_type = "text/plain; charset=utf-8";
    response.body = "ok\n";
    return response;
  }
};

Registered<Endpoint, Healthz> const healthz{"GET /healthz"};

}  // namespace
}  // namespace noroshi::serve
