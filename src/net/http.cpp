#include "net/http.hpp"

namespace noroshi::net {
namespace {

auto first_of(HttpFields const &fields, std::string_view name) -> std::string_view {
  for (auto const &[key, value] : fields)
    if (key == name) return value;
  return {};
}

}  // namespace

auto HttpRequest::header(std::string_view name) const -> std::string_view { return first_of(headers, name); }
auto HttpRequest::parameter(std::string_view name) const -> std::string_view { return first_of(query, name); }

auto drain(HttpResponse &response, TakePiece const &take) -> Result<void> {
  if (!response.body.empty()) TRY_VOID(take(response.body));
  auto piece = std::string{};
  for (auto more = response.pieces != nullptr; more;) {
    piece.clear();
    more = response.pieces->next(piece);
    if (!piece.empty()) TRY_VOID(take(piece));
  }
  return ok;
}

}  // namespace noroshi::net
