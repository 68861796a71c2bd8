// Listening sockets for the HTTP server, as plain file descriptors: Asio only takes them over.
#pragma once

#include <string>

#include "base/result.hpp"
#include "model/ip.hpp"

namespace noroshi::net {

/// A listening TCP socket, non-blocking, close-on-exec. IPv6 sockets take IPv6 only, so that 0.0.0.0 and :: can be
/// listed side by side. An address in use is a conflict that names it.
auto listen_tcp(model::Endpoint const &endpoint) -> Result<int>;

/// A listening Unix socket whose file has mode 0600 from its first moment. A stale socket file (nobody listens) is
/// replaced; one that answers is a conflict; any other file is left alone.
auto listen_unix(std::string const &path) -> Result<int>;

/// The address a socket is bound to.
auto bound_endpoint(int socket) -> model::Endpoint;

}  // namespace noroshi::net
