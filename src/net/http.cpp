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

}  // namespace noroshi::net
