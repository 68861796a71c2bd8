// Between Beast's messages and the program's own. Included only by the two .cpp that speak HTTP on sockets.
#pragma once

#include <boost/beast/http.hpp>

#include "net/http.hpp"
#include "net/target.hpp"

namespace noroshi::net {

namespace http = boost::beast::http;

/// Names in lower case, values as sent.
inline auto fields_of(http::fields const &from) -> HttpFields {
  auto fields = HttpFields{};
  for (auto const &field : from) {
    auto name = std::string{field.name_string()};
    for (auto &c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    fields.emplace_back(std::move(name), std::string{field.value()});
  }
  return fields;
}

inline auto request_of(http::request<http::string_body> &&from) -> Result<HttpRequest> {
  auto request = HttpRequest{};
  request.method = std::string{from.method_string()};
  request.headers = fields_of(from.base());
  TRY_VOID(parse_target(from.target(), request));
  request.body = std::move(from.body());
  return request;
}

}  // namespace noroshi::net
