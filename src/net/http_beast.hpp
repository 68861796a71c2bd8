// Between Beast's messages and the program's own. Included only by the .cpp files that speak HTTP on sockets.
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

/// Without the body.
inline auto request_of(http::request_header<> const &from) -> Result<HttpRequest> {
  auto request = HttpRequest{};
  request.method = std::string{from.method_string()};
  request.headers = fields_of(from);
  TRY_VOID(parse_target(from.target(), request));
  return request;
}

/// A request on its way to `host`.
inline auto message_of(HttpRequest const &request, std::string_view host, bool keep_alive)
    -> http::request<http::string_body> {
  auto message = http::request<http::string_body>{};
  message.version(11);
  message.method_string(request.method);
  message.target(to_target(request));
  message.set(http::field::host, std::string{host});
  for (auto const &[name, value] : request.headers) message.set(name, value);
  message.keep_alive(keep_alive);
  message.body() = request.body;
  message.prepare_payload();
  return message;
}

inline auto response_of(http::response<http::string_body> &&from) -> HttpResponse {
  auto response = HttpResponse{};
  response.status = from.result_int();
  response.content_type = std::string{from[http::field::content_type]};
  response.headers = fields_of(from.base());
  response.body = std::move(from.body());
  return response;
}

}  // namespace noroshi::net
