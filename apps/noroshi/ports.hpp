// The node's two ports: api for people, tools and feeds; peer for sensors, over mutual TLS.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "net/http.hpp"
#include "net/identity.hpp"

namespace noroshi::apps {

/// Who answers on a port, and who says before a large body whether it may come.
struct Answering {
  net::HttpHandler handler;
  net::HttpDoor may_send_body;
};

/// Opens api.listen and the Unix socket at `socket_path`. An address that is not loopback demands TLS (malformed).
auto open_api_port(Config const &config, std::string const &socket_path, Answering answering)
    -> Result<std::unique_ptr<net::HttpServer>>;

/// Opens peer.listen; callers must show a key of their own, and learn the node's from `identity`. Nothing where
/// peer.listen is empty.
auto open_peer_port(Config const &config, net::Identity identity, Answering answering)
    -> Result<std::unique_ptr<net::HttpServer>>;

/// "https" where api.tls_certificate is set.
auto api_scheme(Config const &config) -> std::string_view;

/// What sensors are told: peer.advertise, else the addresses of the port that is `open` (or would be: null), but for
/// those that take any address.
auto peer_addresses(Config const &config, net::HttpServer const *open) -> std::vector<std::string>;

}  // namespace noroshi::apps
