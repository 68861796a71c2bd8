#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>

#include "net/http_beast.hpp"
#include "net/http_listen.hpp"
#include "net/live_body.hpp"
#include "net/pieced_body.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"

namespace noroshi::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Protocol = asio::generic::stream_protocol;  // TCP and Unix alike
using Socket = asio::basic_stream_socket<Protocol>;
using Acceptor = asio::basic_socket_acceptor<Protocol>;
using Parser = http::request_parser<http::string_body>;

// What browsers and reverse proxies send stays below 8 KiB; an API key and a cookie fit twice.
constexpr auto kMaxHeaderBytes = std::uint32_t{16 * 1024};
// Read at most this much at once, so that a large body costs few system calls.
constexpr auto kReadBufferBytes = std::size_t{64 * 1024};
// Bodies are counted against the budget once so much of them has arrived: 1,024 connections hold 64 MiB below it.
constexpr auto kSmallBodyBytes = std::uint64_t{64 * 1024};
// Bytes of bodies that may be held at once, in bodies of the largest size: so 1,024 connections cannot make the process
// hold 64 GiB. What is merely announced holds nothing.
constexpr auto kBodiesInFlight = std::uint64_t{4};
// After refusing a body, how long to swallow what the client still sends, so that it reads the answer before the reset.
constexpr auto kLinger = std::chrono::seconds{2};
// Out of descriptors: wait, others will close.
constexpr auto kAcceptPause = std::chrono::milliseconds{100};
// A handshake is a few packets; who takes longer holds a place that others want.
constexpr auto kHandshakeTime = std::chrono::seconds{10};
// Two pieces of a stream.
constexpr auto kStreamSendBytes = 128 * 1024;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

struct Connection {
  explicit Connection(Socket socket) : stream(std::move(socket)) {}
  HttpStream stream;
  std::optional<std::uint32_t> uid;
  model::IpAddress peer;
  std::optional<model::KeyPin> key;
  bool handling = false;  // a handler runs: it is let finish when the server stops
  LiveTimer waiting;      // while it sends a stream: what that waits on
};

/// What one request holds of a budget: bytes of bodies, or a place among the streams.
class Share {
public:
  explicit Share(std::uint64_t &held, std::uint64_t amount = 0) : held_(held), amount_(amount) { held_ += amount_; }
  Share(Share const &) = delete;
  auto operator=(Share const &) -> Share & = delete;
  ~Share() { held_ -= amount_; }

  void resize(std::uint64_t amount) {
    held_ += amount - amount_;
    amount_ = amount;
  }

private:
  std::uint64_t &held_;
  std::uint64_t amount_;
};

auto is_loopback(model::IpAddress address) -> bool {
  return (address.is_v4() && ((address.low() >> 24) & 0xff) == 127) || address == model::IpAddress{0, 1};
}

void identify(Connection &connection) {
  auto const socket = connection.stream.socket().native_handle();
  auto address = sockaddr_storage{};
  auto length = static_cast<socklen_t>(sizeof address);
  if (::getpeername(socket, reinterpret_cast<sockaddr *>(&address), &length) != 0) return;
  if (address.ss_family == AF_UNIX) {
    auto credentials = ucred{};
    auto size = static_cast<socklen_t>(sizeof credentials);
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) connection.uid = credentials.uid;
  } else if (address.ss_family == AF_INET) {
    auto const &v4 = reinterpret_cast<sockaddr_in const &>(address);
    connection.peer = model::IpAddress::v4(ntohl(v4.sin_addr.s_addr));
  } else {
    auto bytes = std::array<std::uint8_t, 16>{};
    std::memcpy(bytes.data(), &reinterpret_cast<sockaddr_in6 const &>(address).sin6_addr, bytes.size());
    connection.peer = model::IpAddress::from_bytes(bytes);
  }
}

auto refusal(unsigned status, std::string_view sentence) -> HttpResponse {
  auto response = HttpResponse{};
  response.status = status;
  response.content_type = "application/problem+json";
  response.body =
      fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"detail":"{}"}})",
                  std::string_view{http::obsolete_reason(static_cast<http::status>(status))}, status, sentence);
  return response;
}

/// The answer to a request that could not be read, or nothing where nobody waits for one.
auto refusal_of(beast::error_code error) -> std::optional<HttpResponse> {
  if (error == http::error::body_limit)
    return refusal(413, "the body is larger than this node accepts; send it in parts");
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return refusal(431, "the request header is larger than 16 KiB");
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error.category() == http::make_error_code(http::error::bad_method).category())
    return refusal(400, "this is not an HTTP/1.1 request");
  return std::nullopt;  // closed, reset, timed out
}

class Server final : public HttpServer {
public:
  Server(HttpServerOptions options, HttpHandler handler)
      : options_(std::move(options)), handler_(std::move(handler)), workers_(std::max(1U, options_.workers)) {}

  ~Server() override { stop(); }

  auto listen() -> Result<void> {
    if (options_.tls) {
      TRY(tls_, server_context(*options_.tls));
    }
    for (auto const &endpoint : options_.listen) {
      if (!is_loopback(endpoint.address) && !options_.tls)
        return fail(
            ErrorCode::malformed,
            "{} can be reached from other machines, which needs TLS: set api.tls_certificate and api.tls_key, or "
            "listen on 127.0.0.1 or [::1] and let a reverse proxy with TLS stand in front",
            endpoint.to_string());
      TRY(auto const socket, listen_tcp(endpoint));
      bound_.push_back(bound_endpoint(socket));
      acceptors_.emplace_back(loop_, Protocol{endpoint.address.is_v4() ? AF_INET : AF_INET6, IPPROTO_TCP}, socket);
    }
    if (!options_.unix_path.empty()) {
      TRY(auto const socket, listen_unix(options_.unix_path));
      owns_socket_file_ = true;
      acceptors_.emplace_back(loop_, Protocol{AF_UNIX, 0}, socket);
    }
    return ok;
  }

  void start() {
    for (auto &acceptor : acceptors_) asio::co_spawn(loop_, accept_on(acceptor), asio::detached);
    thread_ = std::thread{[this] { loop_.run(); }};
  }

  [[nodiscard]] auto bound() const -> std::vector<model::Endpoint> override { return bound_; }

private:
  void stop() {
    asio::post(loop_, [this] {
      stopping_ = true;
      for (auto &acceptor : acceptors_) acceptor.close();
      for (auto *connection : connections_) {
        if (connection->handling) continue;
        connection->stream.close();
        if (connection->waiting) connection->waiting->cancel();
      }
    });
    if (thread_.joinable()) thread_.join();
    workers_.join();
    if (owns_socket_file_) ::unlink(options_.unix_path.c_str());
  }

  auto accept_on(Acceptor &acceptor) -> asio::awaitable<void> {
    while (!stopping_) {
      auto [error, socket] = co_await acceptor.async_accept(kTuple);
      if (stopping_) co_return;
      if (error) {
        auto pause = asio::steady_timer{loop_, kAcceptPause};
        (void)co_await pause.async_wait(kTuple);
        continue;
      }
      if (connections_.size() >= options_.max_connections)
        turn_away(socket, tls_.has_value());
      else
        asio::co_spawn(loop_, converse(std::move(socket)), asio::detached);
    }
  }

  /// One non-blocking write; a client that does not take it learns by the close alone.
  static void turn_away(Socket &socket, bool over_tls) {
    if (over_tls) return;
    static constexpr auto kBusy = std::string_view{
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"};
    auto error = beast::error_code{};
    socket.non_blocking(true, error);
    socket.write_some(asio::buffer(kBusy), error);
  }

  auto converse(Socket socket) -> asio::awaitable<void> {
    auto connection = Connection{std::move(socket)};
    identify(connection);
    connections_.insert(&connection);
    auto buffer = beast::flat_buffer{kReadBufferBytes};
    try {
      auto const greeted = co_await shake_hands(connection);
      while (greeted && co_await answer_one(connection, buffer)) {
      }
      if (greeted) co_await say_goodbye(connection);
    } catch (std::exception const &) {
      // Out of memory, or a defect: this connection ends, the others go on.
    }
    connections_.erase(&connection);
  }

  /// TLS where it is wanted; not on the Unix socket, whose callers have a user id.
  auto shake_hands(Connection &connection) -> asio::awaitable<bool> {
    if (!tls_ || connection.uid) co_return true;
    connection.stream.add_tls(*tls_);
    connection.stream.expires_after(kHandshakeTime);
    auto [error] = co_await connection.stream.tls()->async_handshake(asio::ssl::stream_base::server, kTuple);
    if (error) co_return false;
    connection.key = shown_pin(connection.stream.tls()->native_handle());
    co_return true;
  }

  /// Tells the other end that nothing was cut off (close_notify, RFC 8446 section 6.1).
  auto say_goodbye(Connection &connection) -> asio::awaitable<void> {
    if (!connection.stream.tls() || stopping_) co_return;
    connection.stream.expires_after(kLinger);
    (void)co_await connection.stream.tls()->async_shutdown(kTuple);
  }

  /// Reads and answers one request. True where the connection goes on.
  auto answer_one(Connection &connection, beast::flat_buffer &buffer) -> asio::awaitable<bool> {
    auto parser = Parser{};
    parser.header_limit(kMaxHeaderBytes);
    parser.body_limit(options_.max_body_bytes);
    connection.stream.expires_after(options_.idle_timeout);
    auto [header_error, header_bytes] = co_await http::async_read_header(connection.stream, buffer, parser, kTuple);
    if (header_error) co_return co_await refuse(connection, refusal_of(header_error));
    auto request = request_of(parser.get());
    if (!request) co_return co_await refuse(connection, refusal(400, request.error().sentence));
    request->peer = connection.peer;
    request->peer_uid = connection.uid;
    request->peer_key = connection.key;

    auto share = std::optional<Share>{std::in_place, bodies_held_};
    auto const read = co_await take_body(connection, buffer, parser, *request, *share);
    if (!read) co_return false;
    auto const keep_alive = parser.get().keep_alive();
    auto const head = parser.get().method() == http::verb::head;

    connection.handling = true;
    connection.stream.expires_never();
    auto response = co_await handled(*request);
    // Before the answer goes out: who has it may at once send as much again. Pieces may be made from the body.
    std::string{}.swap(request->body);
    if (!response.pieces) share.reset();
    if (response.live && !head) co_return co_await send_live(connection, std::move(response));
    auto const go_on = keep_alive && !stopping_ && !response.ends_connection;
    if (response.pieces && !head) {
      auto const framing = parser.get().version() >= 11 ? Framing::chunks : Framing::end_of_connection;
      auto const whole = co_await send_pieces(connection.stream, std::move(response), framing, go_on, workers_,
                                              options_.idle_timeout, connection.handling, stopping_);
      co_return whole &&go_on &&framing == Framing::chunks;
    }
    co_return co_await write(connection, std::move(response), go_on, head);
  }

  /// The body into `request`, counted in `share` as it arrives. False where the caller was refused or has gone.
  auto take_body(Connection &connection, beast::flat_buffer &buffer, Parser &parser, HttpRequest &request, Share &share)
      -> asio::awaitable<bool> {
    auto const announced = parser.chunked() ? options_.max_body_bytes : parser.content_length().value_or(0);
    if (announced > kUnaskedBodyBytes && options_.may_send_body) {
      auto refused = co_await asio::co_spawn(workers_, ask_door(request), asio::use_awaitable);
      if (refused) co_return co_await refuse(connection, std::move(refused));
    }
    auto const until = std::chrono::steady_clock::now() + options_.idle_timeout;
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      auto go_on = http::response<http::empty_body>{http::status::continue_, 11};
      connection.stream.expires_after(options_.body_stall);
      auto [error, bytes] = co_await http::async_write(connection.stream, go_on, kTuple);
      if (error) co_return false;
    }
    parser.eager(true);
    // Otherwise it would be read as little at a time as a header is; given back below, because idle ones are many.
    if (announced > kUnaskedBodyBytes) buffer.reserve(std::min<std::size_t>(announced, kReadBufferBytes));
    while (!parser.is_done()) {
      auto const left = until - std::chrono::steady_clock::now();
      connection.stream.expires_after(std::min<std::chrono::nanoseconds>(options_.body_stall, left));
      auto [error, bytes] = co_await http::async_read_some(connection.stream, buffer, parser, kTuple);
      if (error) co_return co_await refuse(connection, refusal_of(error));
      auto const arrived = parser.get().body().size();
      if (arrived <= kSmallBodyBytes) continue;
      share.resize(arrived);
      if (bodies_held_ <= kBodiesInFlight * options_.max_body_bytes) continue;
      // Given back before the refusal, which may linger: the others are not to wait for that.
      std::string{}.swap(parser.get().body());
      share.resize(0);
      co_return co_await refuse(connection, refusal(503, "too many large requests at once; try again in a moment"));
    }
    request.body = std::move(parser.get().body());
    if (buffer.size() == 0) buffer.shrink_to_fit();
    co_return true;
  }

  auto send_live(Connection &connection, HttpResponse response) -> asio::awaitable<bool> {
    connection.handling = false;
    if (streams_ >= options_.max_live)
      co_return co_await refuse(connection, refusal(503, "too many live streams are open; close one, or try later"));
    auto const place = Share{streams_, 1};
    connection.waiting = std::make_shared<asio::steady_timer>(loop_);
    // Little more than one piece may wait in the kernel: what a slow reader has not taken is to stay with the stream.
    auto ignored = beast::error_code{};
    connection.stream.socket().set_option(asio::socket_base::send_buffer_size{kStreamSendBytes}, ignored);
    co_await send_live_body(connection.stream, std::move(response), options_, connection.waiting, stopping_);
    connection.waiting.reset();
    co_return false;
  }

  /// Between a worker's thread, or whichever knows the answer later, and the connection that waits for it.
  template <class Done>
  struct WayBack {
    WayBack(asio::io_context &to, Done with) : loop(to), done(std::move(with)), open(to.get_executor()) {}
    asio::io_context &loop;
    Done done;
    asio::executor_work_guard<asio::io_context::executor_type> open;  // the loop runs on until the answer is there
  };

  auto handled(HttpRequest &request) -> asio::awaitable<HttpResponse> {
    auto begin = [this, &request](auto done) {
      // Shared: std::function must be copyable.
      auto const back = std::make_shared<WayBack<decltype(done)>>(loop_, std::move(done));
      auto answer = std::function<void(HttpResponse)>{[back](HttpResponse response) {
        asio::post(back->loop, [back, response = std::move(response)]() mutable {
          auto done_now = std::move(back->done);
          std::move(done_now)(std::move(response));
        });
        back->open.reset();  // whoever answered may keep the function for longer than the server lives
      }};
      asio::post(workers_, [this, &request, answer = std::move(answer)] { run_handler(request, answer); });
    };
    auto answered = asio::async_initiate<asio::use_awaitable_t<> const, void(HttpResponse)>(begin, asio::use_awaitable);
    co_return co_await std::move(answered);
  }

  /// On a worker thread.
  auto ask_door(HttpRequest const &header) -> asio::awaitable<std::optional<HttpResponse>> {
    try {
      co_return options_.may_send_body(header);
    } catch (std::exception const &) {
      co_return refusal(500, "a defect of this node; its log says more");
    }
  }

  /// On a worker thread.
  void run_handler(HttpRequest &request, std::function<void(HttpResponse)> const &answer) {
    try {
      auto response = handler_(request);
      if (auto const later = std::move(response.later))
        later(answer);
      else
        answer(std::move(response));
    } catch (std::exception const &) {
      // The text could tell a stranger about our insides.
      answer(refusal(500, "a defect of this node; its log says more"));
    }
  }

  /// Answers (where there is an answer) and ends the connection without losing the answer to a reset.
  auto refuse(Connection &connection, std::optional<HttpResponse> response) -> asio::awaitable<bool> {
    if (!response) co_return false;
    (void)co_await write(connection, *std::move(response), false, false);
    auto ignored = beast::error_code{};
    connection.stream.socket().shutdown(Socket::shutdown_send, ignored);
    connection.stream.expires_after(kLinger);
    auto swallowed = std::array<char, 16 * 1024>{};
    auto const target = asio::buffer(swallowed);
    for (auto open = !stopping_; open;) {
      auto [error, bytes] = co_await connection.stream.async_read_some(target, kTuple);
      open = !error;
    }
    co_return false;
  }

  auto write(Connection &connection, HttpResponse response, bool keep_alive, bool head) -> asio::awaitable<bool> {
    auto message = http::response<http::string_body>{static_cast<http::status>(response.status), 11};
    message.set(http::field::content_type, response.content_type);
    for (auto const &[name, value] : response.headers) message.set(name, value);
    message.keep_alive(keep_alive);
    // Of a 304 the length would be that of the answer it stands for (RFC 9110, section 8.6).
    if (response.status != 304) message.content_length(response.body.size());
    message.body() = std::move(response.body);
    auto serializer = http::response_serializer<http::string_body>{message};
    serializer.split(head);  // HEAD: the header alone
    while (!serializer.is_done() && !(head && serializer.is_header_done())) {
      // Anew for each piece: a slow reader of a long answer is served as long as it reads.
      connection.stream.expires_after(options_.idle_timeout);
      auto [error, bytes] = co_await http::async_write_some(connection.stream, serializer, kTuple);
      if (error) co_return false;
    }
    connection.handling = false;
    co_return keep_alive;
  }

  HttpServerOptions options_;
  HttpHandler handler_;
  std::optional<asio::ssl::context> tls_;
  std::vector<model::Endpoint> bound_;
  bool owns_socket_file_ = false;

  // The loop's thread alone touches these.
  bool stopping_ = false;
  std::uint64_t bodies_held_ = 0;
  std::uint64_t streams_ = 0;
  std::set<Connection *> connections_;

  asio::io_context loop_{1};
  std::vector<Acceptor> acceptors_;
  asio::thread_pool workers_;
  std::thread thread_;
};

}  // namespace

auto HttpServer::create(HttpServerOptions options, HttpHandler handler) -> Result<std::unique_ptr<HttpServer>> {
  auto server = std::make_unique<Server>(std::move(options), std::move(handler));
  TRY_VOID(server->listen());
  server->start();
  return std::unique_ptr<HttpServer>{std::move(server)};
}

}  // namespace noroshi::net
