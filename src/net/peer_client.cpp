#include "net/peer_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>

#include "net/http_beast.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"

namespace noroshi::net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Instant = std::chrono::steady_clock::time_point;

// The largest answer is a pack of a mebibyte; a node that sends more is not to fill a sensor's memory.
constexpr auto kMaxAnswerBytes = std::uint64_t{8} << 20;

auto split(std::string const &address) -> Result<std::pair<std::string, std::string>> {
  auto const colon = address.rfind(':');
  auto host = address.substr(0, colon == std::string::npos ? 0 : colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || colon + 1 == address.size())
    return fail(ErrorCode::malformed, "{} is not HOST:PORT, as in node.example.org:8788", address);
  return std::pair{host, address.substr(colon + 1)};
}

class Client final : public PeerClient {
public:
  Client(PeerClientOptions options, asio::ssl::context context)
      : options_(std::move(options)), context_(std::move(context)) {}

  auto call(HttpRequest const &request, std::chrono::seconds deadline) -> Result<HttpResponse> override {
    auto const until = std::chrono::steady_clock::now() + deadline;
    if (stream_) {
      auto answer = exchange(request, until);
      if (answer || std::chrono::steady_clock::now() >= until) return answer;
    }
    TRY_VOID(connect(until));
    return exchange(request, until);
  }

private:
  /// Runs what was started on the loop to its end, but not past `until`.
  template <class Start>
  auto run(Instant until, Start &&start) -> beast::error_code {
    auto outcome = beast::error_code{asio::error::timed_out};
    stream_->plain().expires_at(until);
    start([&outcome](beast::error_code error, auto &&...) { outcome = error; });
    loop_.restart();
    loop_.run();
    return outcome;
  }

  auto connect(Instant until) -> Result<void> {
    auto last = fail(ErrorCode::malformed, "no address of the node is known");
    for (auto const &address : options_.addresses) {
      auto connected = connect_to(address, until);
      if (connected) return ok;
      stream_.reset();
      last = std::move(connected).error();
      if (last.code == ErrorCode::denied) break;  // a wrong key is nothing to try around
    }
    return last;
  }

  auto connect_to(std::string const &address, Instant until) -> Result<void> {
    TRY(auto const name, split(address));
    auto error = beast::error_code{};
    auto resolver = asio::ip::tcp::resolver{loop_};
    auto const found = resolver.resolve(name.first, name.second, error);
    if (error) return fail(ErrorCode::unavailable, "looking up {}: {}", address, error.message());
    for (auto const &entry : found) {
      stream_.reset();
      stream_.emplace(loop_);
      auto const target = asio::generic::stream_protocol::endpoint{entry.endpoint()};
      error = run(until, [&](auto done) { stream_->plain().async_connect(target, done); });
      if (!error) break;
    }
    if (error) return failure(error, fmt::format("connecting to the node at {}", address));
    host_ = address;
    stream_->socket().set_option(asio::ip::tcp::no_delay{true}, error);
    stream_->add_tls(context_);
    auto const shaken =
        run(until, [&](auto done) { stream_->tls()->async_handshake(asio::ssl::stream_base::client, done); });
    if (!shaken) return ok;
    if (SSL_get_verify_result(stream_->tls()->native_handle()) == X509_V_ERR_APPLICATION_VERIFICATION)
      return fail(ErrorCode::denied,
                  "what answers at {} holds another key than the node that this sensor knows: nothing was sent to it; "
                  "check the address, and whether somebody stands in between",
                  address);
    return failure(shaken, fmt::format("greeting the node at {} over TLS", address));
  }

  auto exchange(HttpRequest const &request, Instant until) -> Result<HttpResponse> {
    auto const message = message_of(request, host_, true);
    auto const sent = run(until, [&](auto done) { http::async_write(*stream_, message, done); });
    auto buffer = beast::flat_buffer{};
    auto parser = http::response_parser<http::string_body>{};
    parser.body_limit(kMaxAnswerBytes);
    // A node that refuses a body answers before it has read it: so read even where sending broke off.
    auto const error = sent == beast::error::timeout
                           ? sent
                           : run(until, [&](auto done) { http::async_read(*stream_, buffer, parser, done); });
    if (error) {
      stream_.reset();
      return failure(sent ? sent : error, fmt::format("waiting for the answer of the node at {}", host_));
    }
    auto answer = parser.release();
    if (!answer.keep_alive()) stream_.reset();
    return response_of(std::move(answer));
  }

  static auto failure(beast::error_code error, std::string_view doing) -> Error {
    if (error == beast::error::timeout) return fail(ErrorCode::timed_out, "{}: no answer in time", doing);
    // In TLS 1.3 a client learns that its certificate was refused with its first read.
    auto const code = static_cast<unsigned long>(error.value());
    if (error.category() == asio::error::get_ssl_category() && ERR_GET_LIB(code) == ERR_LIB_SSL &&
        ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET)
      return fail(ErrorCode::denied, "{}: it refuses this machine's certificate ({})", doing, error.message());
    return fail(ErrorCode::unavailable, "{}: {}", doing, error.message());
  }

  PeerClientOptions options_;
  asio::ssl::context context_;
  asio::io_context loop_{1};
  std::optional<HttpStream> stream_;  // none: not connected
  std::string host_;
};

}  // namespace

auto PeerClient::create(PeerClientOptions options) -> Result<std::unique_ptr<PeerClient>> {
  TRY(auto context, client_context(options.identity, options.node));
  return std::make_unique<Client>(std::move(options), std::move(context));
}

}  // namespace noroshi::net
