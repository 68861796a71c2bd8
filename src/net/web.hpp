// One request to a server of the web that somebody named by URL, over http or https (the system's certificate
// authorities).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "model/ip.hpp"
#include "net/http.hpp"

namespace noroshi::net {

/// Where a URL leads, before anything is asked.
struct WebUrl {
  bool secure = false;  // https
  std::string host;     // without brackets
  std::uint16_t port = 0;
  std::string path;  // with the query
};
/// http or https, without user and fragment. malformed says what it lacks.
auto parse_web_url(std::string_view url) -> Result<WebUrl>;

struct WebRequest {
  std::string method = "GET";
  HttpFields headers;
  std::string body;
  std::size_t max_answer_bytes = 0;  // of the body; none of it is read where 0, the status and headers always are
  std::chrono::steady_clock::time_point until;  // for everything
  /// Asked about each address that the host resolves to; only those that it permits are connected to. Empty: all are.
  std::function<bool(model::IpAddress const &)> permits;
  std::stop_token stop;  // gives up within a beat, but not while a name is looked up
};

/// On the calling thread, on a new connection, without following redirects. The answer, whatever its status. denied: no
/// permitted address; too_large, timed_out; unavailable: no connection, or a certificate that does not fit.
auto ask_web(WebUrl const &url, WebRequest request) -> Result<HttpResponse>;

}  // namespace noroshi::net
