// HTTP/1.1 without TLS.
#include "sense/decoy.hpp"
#include "sense/http_conversation.hpp"

namespace noroshi::sense {
namespace {

class HttpDecoy final : public Decoy {
public:
  [[nodiscard]] auto usual_persona() const -> std::string_view override { return "nginx"; }

  auto dress(Persona const &persona) -> Result<void> override {
    TRY(pages_, HttpPages::create(persona));
    return ok;
  }

  auto converse(Visit &visit) const -> Task<Result<void>> override {
    return converse_http(visit, pages_, HttpDoor::plain);
  }

private:
  HttpPages pages_;
};

Registered<Decoy, HttpDecoy> const http{"http"};

}  // namespace
}  // namespace noroshi::sense
