#include "apps/noroshi/ports.hpp"

#include <charconv>

#include "base/log.hpp"

namespace noroshi::apps {

namespace {

ConfigKey<std::vector<std::string>> const api_listen{
    "api.listen", "127.0.0.1:8787", "address:port",
    "where people, tools and feeds reach the node; anything but loopback demands api.tls_certificate and api.tls_key"};
ConfigKey<bool> const api_fallback{"api.port_fallback", "false", "", "move to a free port where api.listen is taken"};
ConfigKey<Duration> const stream_stall{
    "api.stream_stall", "10s", "time",
    "a reader of a live stream that takes nothing for so long is cut off; it goes on later"};
ConfigKey<std::int64_t> const api_workers{"api.workers", "4", "threads", "requests worked on at the same time"};
ConfigKey<std::string> const api_certificate{"api.tls_certificate", "", "file",
                                             "certificate (PEM, with its chain) that the API shows; empty: no TLS"};
ConfigKey<std::string> const api_key{"api.tls_key", "", "file", "private key of api.tls_certificate (PEM)"};

ConfigKey<std::vector<std::string>> const peer_listen{
    "peer.listen", "127.0.0.1:8788", "address:port",
    "where sensors reach the node over mutual TLS; 0.0.0.0:8788 for sensors elsewhere; empty: nowhere"};
ConfigKey<bool> const peer_fallback{"peer.port_fallback", "false", "",
                                    "move to a free port where peer.listen is taken"};
ConfigKey<std::vector<std::string>> const peer_advertise{
    "peer.advertise", "", "host:port",
    "where enrolment codes say that the node is; empty: the addresses of peer.listen"};
ConfigKey<std::int64_t> const peer_workers{
    "peer.workers", "1", "threads",
    "requests of sensors worked on side by side; none of these threads waits for the disk"};
ConfigKey<std::int64_t> const peer_connections{"peer.max_connections", "16384", "connections",
                                               "sensors that may be connected at once, each with one connection"};

// A spool segment is at most 48 MiB (net/uplink.cpp).
constexpr auto kMaxPeerBody = std::size_t{48} << 20;
// A sensor speaks every few seconds; one that is silent for so long is gone.
constexpr auto kPeerIdle = std::chrono::seconds{90};

auto parse_endpoint(std::string_view key, std::string const &text) -> Result<model::Endpoint> {
  auto const colon = text.rfind(':');
  auto host = text.substr(0, colon == std::string::npos ? 0 : colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  auto const address = model::IpAddress::parse(host);
  auto port = 0;
  auto const digits = colon == std::string::npos ? std::string{} : text.substr(colon + 1);
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (!address || error != std::errc{} || end != digits.data() + digits.size() || port < 0 || port > 65535)
    return fail(ErrorCode::malformed, "{}: \"{}\" is not ADDRESS:PORT; write 127.0.0.1:8787 or [::1]:8787", key, text);
  return model::Endpoint{*address, static_cast<std::uint16_t>(port)};
}

auto endpoints(Config const &config, ConfigKey<std::vector<std::string>> const &key)
    -> Result<std::vector<model::Endpoint>> {
  auto all = std::vector<model::Endpoint>{};
  for (auto const &text : config.get(key)) {
    TRY(auto const endpoint, parse_endpoint(key.name, text));
    all.push_back(endpoint);
  }
  return all;
}

auto open(net::HttpServerOptions options, bool fallback, net::HttpHandler const &handler)
    -> Result<std::unique_ptr<net::HttpServer>> {
  auto server = net::HttpServer::create(options, handler);
  if (server || server.error().code != ErrorCode::conflict || !fallback) return server;
  log_warning("{}; taking a free port instead", server.error().sentence);
  for (auto &endpoint : options.listen) endpoint.port = 0;
  return net::HttpServer::create(std::move(options), handler);
}

auto api_tls(Config const &config) -> Result<std::optional<net::HttpTls>> {
  auto const certificate = config.get(api_certificate);
  auto const key = config.get(api_key);
  if (certificate.empty() && key.empty()) return std::optional<net::HttpTls>{};
  if (certificate.empty() || key.empty())
    return fail(ErrorCode::malformed, "api.tls_certificate and api.tls_key go together: set both or none");
  auto identity = net::load_identity(certificate, key);
  if (!identity) return fail(ErrorCode::malformed, "TLS on the API: {}", identity.error().sentence);
  return std::optional{net::HttpTls{*std::move(identity), net::ClientCertificates::not_asked}};
}

auto takes_any(model::IpAddress address) -> bool {
  return address == model::IpAddress::v4(0) || address == model::IpAddress{0, 0};
}

}  // namespace

auto open_api_port(Config const &config, std::string const &socket_path, Answering answering)
    -> Result<std::unique_ptr<net::HttpServer>> {
  auto options = net::HttpServerOptions{};
  options.unix_path = socket_path;
  options.may_send_body = std::move(answering.may_send_body);
  options.live_stall = std::chrono::duration_cast<std::chrono::milliseconds>(config.get(stream_stall));
  options.workers = static_cast<unsigned>(std::max<std::int64_t>(1, config.get(api_workers)));
  TRY(options.listen, endpoints(config, api_listen));
  TRY(options.tls, api_tls(config));
  return open(std::move(options), config.get(api_fallback), answering.handler);
}

auto open_peer_port(Config const &config, net::Identity identity, Answering answering)
    -> Result<std::unique_ptr<net::HttpServer>> {
  auto options = net::HttpServerOptions{};
  TRY(options.listen, endpoints(config, peer_listen));
  if (options.listen.empty()) return std::unique_ptr<net::HttpServer>{};
  options.workers = static_cast<unsigned>(std::max<std::int64_t>(1, config.get(peer_workers)));
  options.max_connections = static_cast<std::size_t>(std::max<std::int64_t>(1, config.get(peer_connections)));
  options.max_body_bytes = kMaxPeerBody;
  options.may_send_body = std::move(answering.may_send_body);
  options.idle_timeout = kPeerIdle;
  options.tls = net::HttpTls{std::move(identity), net::ClientCertificates::demanded};
  return open(std::move(options), config.get(peer_fallback), answering.handler);
}

auto api_scheme(Config const &config) -> std::string_view {
  return config.get(api_certificate).empty() ? "http" : "https";
}

auto peer_addresses(Config const &config, net::HttpServer const *open) -> std::vector<std::string> {
  if (auto advertised = config.get(peer_advertise); !advertised.empty()) return advertised;
  auto const configured = endpoints(config, peer_listen);
  auto const all = open != nullptr ? open->bound() : configured.value_or(std::vector<model::Endpoint>{});
  auto addresses = std::vector<std::string>{};
  for (auto const &endpoint : all)
    if (!takes_any(endpoint.address) && endpoint.port != 0) addresses.push_back(endpoint.to_string());
  return addresses;
}

}  // namespace noroshi::apps
