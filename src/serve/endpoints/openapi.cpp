// GET /api/v1/openapi.json: this API, described for machines (OpenAPI 3.1).
#include "serve/openapi.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

class OpenApi final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "This API, described for machines"};
  }
  [[nodiscard]] auto is_public() const -> bool override { return true; }
  auto answer(Call const &) -> Result<net::HttpResponse> override {
    TRY(auto document, openapi_document());
    return json_reply(std::move(document));
  }
};

Registered<Endpoint, OpenApi> const openapi{"GET /api/v1/openapi.json"};

}  // namespace
}  // namespace noroshi::serve
