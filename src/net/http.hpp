// HTTP as the rest of the program sees it: requests and responses as values, a server that calls one handler, a client.
// Asio and Beast stay behind this header.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "model/ip.hpp"
#include "model/key_pin.hpp"
#include "net/identity.hpp"

namespace noroshi::net {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // percent-decoded, without the query
  HttpFields query;    // percent-decoded, in order
  HttpFields headers;  // names in lower case
  std::string body;
  std::optional<std::uint32_t> peer_uid;  // over a Unix socket: the caller's user id (SO_PEERCRED)
  model::IpAddress peer;                  // over TCP
  std::optional<model::KeyPin> peer_key;  // over TLS: the key that the caller proved to hold

  /// The first of that name, or empty. Header names in lower case.
  [[nodiscard]] auto header(std::string_view name) const -> std::string_view;
  [[nodiscard]] auto parameter(std::string_view name) const -> std::string_view;
};

/// A body without a known end, such as server-sent events. Only the server's loop calls it, and it never blocks.
class LiveBody {
public:
  enum class Step : std::uint8_t {
    more,     // ask again once these bytes are sent
    waiting,  // nothing more now; the function given to on_more() is called when there is
    end,
  };
  virtual ~LiveBody() = default;
  /// Appends what is there now: some ten KiB at most, because the server holds it until the client took it.
  virtual auto next(std::string &to) -> Step = 0;
  /// `wake` may be called from any thread, until another one (or an empty one) is given or this object's destructor has
  /// returned.
  virtual void on_more(std::function<void()> wake) = 0;
  /// Bytes that mean nothing to the reader, sent where nothing else was for a while: they find out who has left.
  [[nodiscard]] virtual auto heartbeat() const -> std::string_view = 0;
};

/// A body that is made piece by piece while it is sent, so that nobody holds the whole. Made on the server's worker
/// threads, one piece at a time, each once the client has taken the one before.
class PiecedBody {
public:
  virtual ~PiecedBody() = default;
  /// Appends the next piece: some 100 KiB made in some 100 ms, because others wait for the same threads; nothing where
  /// it only looked. False behind the last piece.
  virtual auto next(std::string &to) -> bool = 0;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  HttpFields headers;
  std::string body;
  bool ends_connection = false;        // the caller is not to go on
  std::shared_ptr<LiveBody> live;      // shared: answers are copied on their way; where set, `body` is not sent
  std::shared_ptr<PiecedBody> pieces;  // what follows `body`; shared as `live` is
  /// Where set, this is not the answer yet: the server calls it once, on the worker's thread, with what takes the
  /// answer, once, from any thread. No thread is held meanwhile, so thousands may wait for one disk.
  std::function<void(std::function<void(HttpResponse)>)> later;
};

/// Called on one of the server's worker threads; must be thread-safe. An exception becomes a 500 without its text.
using HttpHandler = std::function<HttpResponse(HttpRequest &)>;

/// Bodies up to this size, with their length announced, are read without asking whose they are.
inline constexpr auto kUnaskedBodyBytes = std::size_t{8} << 10;

/// Asked about each request with a larger body, after its header and before a byte of the body: the answer that
/// refuses it, or nothing where the body shall be read. `header` has no body. Called like an HttpHandler.
using HttpDoor = std::function<std::optional<HttpResponse>(HttpRequest const &header)>;

enum class ClientCertificates : std::uint8_t { not_asked, demanded };

/// TLS on the TCP addresses of a server; its Unix socket stays without.
struct HttpTls {
  Identity identity;
  ClientCertificates clients = ClientCertificates::not_asked;
};

struct HttpServerOptions {
  std::vector<model::Endpoint> listen;  // TCP; port 0 picks a free one
  std::string unix_path;                // empty: none. The socket file is made 0600; a stale one is replaced
  unsigned workers = 2;
  std::size_t max_body_bytes = std::size_t{128} << 20;  // a million values of 128 bytes: URLs
  std::size_t max_connections = 1024;
  HttpDoor may_send_body;                            // empty: everybody may
  std::chrono::seconds idle_timeout{30};             // between requests, for a header and for a body to arrive whole
  std::chrono::milliseconds body_stall{10'000};      // a body of which nothing arrives for so long is given up
  std::size_t max_live = 64;                         // of those connections; each holds what its client has not read
  std::chrono::milliseconds live_stall{10'000};      // a stream's reader that takes nothing for so long is cut off
  std::chrono::milliseconds live_heartbeat{15'000};  // below the minute after which middle boxes forget
  std::optional<HttpTls> tls;
};

class HttpServer {
public:
  /// Binds and starts. An address in use is a conflict that names it; one that is not loopback is refused (malformed)
  /// without TLS.
  static auto create(HttpServerOptions options, HttpHandler handler) -> Result<std::unique_ptr<HttpServer>>;
  virtual ~HttpServer() = default;  // stops: no new connections, waits for running handlers
  [[nodiscard]] virtual auto bound() const -> std::vector<model::Endpoint> = 0;
};

/// One request over a new connection to a Unix socket (`where` = path) or to "host:port" (address, not name).
auto http_call(std::string_view where, HttpRequest const &request, std::chrono::seconds deadline)
    -> Result<HttpResponse>;

/// What is done with a piece of a body; an error ends the reading and is the outcome.
using TakePiece = std::function<Result<void>(std::string_view)>;

/// The same for an answer of any length: the body of a good one (status below 300) goes to `take` as it arrives, and is
/// not in what is returned. unavailable where it was cut off. `deadline` is for each step of the way: until the answer
/// begins, and from one piece to the next.
auto http_stream(std::string_view where, HttpRequest const &request, std::chrono::seconds deadline,
                 TakePiece const &take) -> Result<HttpResponse>;

/// Gives `take` the whole body of an answer that no server sends, `pieces` made one after the other.
auto drain(HttpResponse &response, TakePiece const &take) -> Result<void>;

}  // namespace noroshi::net
