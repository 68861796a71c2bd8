// Fetching a document that the operator named by URL, over http or https (the system's certificate authorities).
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace noroshi::net {

/// What a server says of a document's version (RFC 9110 section 8.8).
struct FetchVersion {
  std::string etag, last_modified;
};

struct FetchOptions {
  FetchVersion known;  // where the same still stands, the answer is not_modified and without a body
  std::size_t max_bytes = std::size_t{64} << 20;
  std::chrono::seconds deadline{60};  // for everything, redirects included
};

struct Fetched {
  bool not_modified = false;
  std::string body;
  FetchVersion version;
};

/// GET on the calling thread, on a new connection. Follows three redirects, never from https to http. malformed: no
/// http or https URL; too_large, timed_out; unavailable: no connection, a certificate that does not fit, another status
/// than 200 and 304.
auto fetch(std::string const &url, FetchOptions const &options) -> Result<Fetched>;

}  // namespace noroshi::net
