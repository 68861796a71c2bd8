// How a sensor speaks with its node: HTTP over mutual TLS on one kept connection, to a key that is known beforehand.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/http.hpp"
#include "net/identity.hpp"

namespace noroshi::net {

struct PeerClientOptions {
  std::vector<std::string> addresses;  // "host:port", tried in order
  model::KeyPin node;                  // whose key must be there
  Identity identity;                   // shown to it
};

/// Used by one thread at a time.
class PeerClient {
public:
  static auto create(PeerClientOptions options) -> Result<std::unique_ptr<PeerClient>>;
  virtual ~PeerClient() = default;

  /// One request and its answer, whatever its status, within `deadline`. A kept connection that turns out dead is made
  /// anew once, so requests must bear being sent twice. denied: another key than the node's was there, or the node
  /// turned our key away; unavailable, timed_out: it is not there.
  virtual auto call(HttpRequest const &request, std::chrono::seconds deadline) -> Result<HttpResponse> = 0;
};

}  // namespace noroshi::net
