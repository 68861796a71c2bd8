#include "serve/reply.hpp"

#include "base/log.hpp"
#include "codec/json_writer.hpp"

namespace noroshi::serve {
namespace {

auto title_of(unsigned status) -> std::string_view {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Internal Server Error";
  }
}

}  // namespace

auto status_of(ErrorCode code) -> unsigned {
  switch (code) {
    case ErrorCode::malformed: return 400;
    case ErrorCode::too_large: return 413;
    case ErrorCode::timed_out: return 504;
    case ErrorCode::not_found: return 404;
    case ErrorCode::unavailable: return 503;
    case ErrorCode::denied: return 403;
    case ErrorCode::conflict: return 409;
    case ErrorCode::internal: return 500;
  }
  return 500;
}

auto problem(unsigned status, std::string_view code, std::string_view detail) -> net::HttpResponse {
  auto response = net::HttpResponse{};
  response.status = status;
  response.content_type = "application/problem+json";
  auto json = codec::JsonWriter{response.body};
  json.begin_object().member("type", "about:blank").member("title", title_of(status)).member("status", status);
  json.member("detail", detail).member("code", code).end_object();
  return response;
}

auto sentence_for_caller(Error const &error) -> std::string {
  if (error.code != ErrorCode::internal) return error.sentence;
  log_error("a request failed: {}", error.sentence);
  return "a defect of this node; its log says more";
}

auto problem(Error const &error) -> net::HttpResponse {
  return problem(status_of(error.code), to_string(error.code), sentence_for_caller(error));
}

auto json_reply(std::string body, unsigned status) -> net::HttpResponse {
  auto response = net::HttpResponse{};
  response.status = status;
  response.body = std::move(body);
  return response;
}

}  // namespace noroshi::serve
