// Posting to a server that a user named by URL: its address is checked after resolving, and no redirect is followed, so
// that nobody makes the node speak to what only the node can reach.
#pragma once

#include "net/web.hpp"

namespace noroshi::net {

struct PostOptions {
  HttpFields headers;
  std::chrono::seconds deadline{10};  // for everything
  /// Asked about each address that the host resolves to; only those that it permits are connected to. Required.
  std::function<bool(model::IpAddress const &)> permits;
  std::stop_token stop;  // gives up within a beat, but not while a name is looked up
};

/// POST on the calling thread, on a new connection. The status, whatever it is; the answer's body is not read. denied:
/// no permitted address; unavailable, timed_out.
auto post(WebUrl const &target, std::string body, PostOptions const &options) -> Result<unsigned>;

/// HMAC-SHA-256 (RFC 2104), in lower-case hexadecimal digits.
auto hmac_sha256(std::string_view key, std::string_view text) -> std::string;

}  // namespace noroshi::net
