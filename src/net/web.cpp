#include "net/web.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>

#include <algorithm>

#include "base/text.hpp"
#include "model/canonical.hpp"
#include "net/http_beast.hpp"

namespace noroshi::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ssl = boost::asio::ssl;

constexpr auto kMaxUrlBytes = std::size_t{2048};

// So long after it was told to stop a request is over.
constexpr auto kBeat = std::chrono::milliseconds{200};

/// One connection's steps, each to its end; it is closed where they are to stop.
class Steps {
public:
  explicit Steps(WebRequest const &request) : request_(request) {}

  template <class Start>
  auto run(beast::tcp_stream &connection, Start &&start) -> beast::error_code {
    auto outcome = beast::error_code{};
    start([&outcome](beast::error_code error, auto &&...) { outcome = error; });
    loop_.restart();
    while (!loop_.stopped() && !request_.stop.stop_requested()) loop_.run_for(kBeat);
    if (loop_.stopped()) return outcome;
    connection.close();
    loop_.run();
    return asio::error::operation_aborted;
  }

  [[nodiscard]] auto failure(beast::error_code error, std::string_view doing) const -> Error {
    if (error == beast::error::timeout) return fail(ErrorCode::timed_out, "{}: no answer in time", doing);
    if (error == http::error::body_limit)
      return fail(ErrorCode::too_large, "the document has more than {} bytes", request_.max_answer_bytes);
    return fail(ErrorCode::unavailable, "{}: {}", doing, error.message());
  }

  [[nodiscard]] auto loop() -> asio::io_context & { return loop_; }
  [[nodiscard]] auto request() const -> WebRequest const & { return request_; }

private:
  asio::io_context loop_{1};
  WebRequest const &request_;
};

auto address_of(asio::ip::address const &address) -> model::IpAddress {
  if (address.is_v4()) return model::IpAddress::v4(address.to_v4().to_uint());
  return model::IpAddress::from_bytes(address.to_v6().to_bytes());
}

auto resolve(Steps &steps, WebUrl const &url) -> Result<std::vector<asio::ip::tcp::endpoint>> {
  auto resolver = asio::ip::tcp::resolver{steps.loop()};
  auto error = beast::error_code{};
  auto const found = resolver.resolve(url.host, std::to_string(url.port), error);
  if (error) return fail(ErrorCode::unavailable, "looking up {}: {}", url.host, error.message());
  auto const &permits = steps.request().permits;
  auto places = std::vector<asio::ip::tcp::endpoint>{};
  for (auto const &each : found)
    if (!permits || permits(address_of(each.endpoint().address()))) places.push_back(each.endpoint());
  if (places.empty()) return fail(ErrorCode::denied, "{} is at no address that may be called from here", url.host);
  return places;
}

auto message_for(WebUrl const &url, WebRequest const &request) -> http::request<http::string_body> {
  auto message = http::request<http::string_body>{};
  message.version(11);
  message.method_string(request.method);
  message.target(url.path);
  auto const host = url.host.contains(':') ? "[" + url.host + "]" : url.host;
  auto const usual = url.port == (url.secure ? 443 : 80);
  message.set(http::field::host, usual ? host : fmt::format("{}:{}", host, url.port));
  message.set(http::field::user_agent, "noroshi");
  for (auto const &[name, value] : request.headers) message.set(name, value);
  message.keep_alive(false);
  message.body() = request.body;
  message.prepare_payload();
  return message;
}

template <class Stream>
auto exchange(Steps &steps, Stream &stream, WebUrl const &url) -> Result<HttpResponse> {
  auto &connection = beast::get_lowest_layer(stream);
  auto const message = message_for(url, steps.request());
  if (auto const error = steps.run(connection, [&](auto done) { http::async_write(stream, message, done); }))
    return steps.failure(error, "asking " + url.host);
  auto buffer = beast::flat_buffer{};
  auto parser = http::response_parser<http::string_body>{};
  auto const most = steps.request().max_answer_bytes;
  if (most > 0)
    parser.body_limit(most);
  else
    parser.body_limit(boost::none);  // none of it is read, whatever its length
  auto const error = steps.run(connection, [&](auto done) {
    if (most > 0)
      http::async_read(stream, buffer, parser, done);
    else
      http::async_read_header(stream, buffer, parser, done);
  });
  if (error) return steps.failure(error, "waiting for " + url.host);
  return response_of(parser.release());
}

auto over_tls(Steps &steps, beast::tcp_stream plain, WebUrl const &url) -> Result<HttpResponse> {
  auto context = ssl::context{ssl::context::tls_client};
  auto error = beast::error_code{};
  context.set_default_verify_paths(error);
  if (error) return steps.failure(error, "reading the certificate authorities");
  auto stream = beast::ssl_stream<beast::tcp_stream>{std::move(plain), context};
  stream.set_verify_mode(ssl::verify_peer, error);
  stream.set_verify_callback(ssl::host_name_verification{url.host}, error);
  if (SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str()) != 1)
    return fail(ErrorCode::malformed, "{} is no host name", url.host);
  auto const greet = [&](auto done) { stream.async_handshake(ssl::stream_base::client, done); };
  if (auto const refused = steps.run(beast::get_lowest_layer(stream), greet))
    return steps.failure(refused, "TLS with " + url.host);
  return exchange(steps, stream, url);
}

}  // namespace

auto parse_web_url(std::string_view url) -> Result<WebUrl> {
  auto const bad = [&](std::string_view why) {
    return fail(ErrorCode::malformed, "\"{}\" is no URL of the web: {}", printable(url.substr(0, 200)), why);
  };
  if (url.size() > kMaxUrlBytes) return bad("it is longer than 2,048 bytes");
  auto read = WebUrl{};
  read.secure = url.starts_with("https://");
  if (!read.secure && !url.starts_with("http://")) return bad("it does not begin with https:// or http://");
  if (std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }))
    return bad("it has a space or a control character in it");
  auto rest = url.substr(url.find("://") + 3);
  auto const end = std::min(rest.find_first_of("/?#"), rest.size());
  auto authority = rest.substr(0, end);
  auto const path = rest.substr(end, rest.find('#', end) - end);
  if (authority.contains('@')) return bad("it names a user");
  auto const colon = authority.rfind(':');
  read.port = read.secure ? 443 : 80;
  if (colon != std::string_view::npos && !authority.substr(colon).contains(']')) {
    auto const port = model::parse_port(authority.substr(colon + 1));
    if (!port || *port == 0) return bad("its port is none");
    read.port = *port;
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
  if (authority.empty()) return bad("it names no host");
  read.host = authority;
  read.path = path.starts_with('/') ? std::string{path} : "/" + std::string{path};
  return read;
}

auto ask_web(WebUrl const &url, WebRequest request) -> Result<HttpResponse> {
  auto steps = Steps{request};
  TRY(auto const places, resolve(steps, url));
  auto stream = beast::tcp_stream{steps.loop()};
  stream.expires_at(request.until);
  if (auto const error = steps.run(stream, [&](auto done) { stream.async_connect(places, done); }))
    return steps.failure(error, fmt::format("connecting to {}:{}", url.host, url.port));
  if (url.secure) return over_tls(steps, std::move(stream), url);
  return exchange(steps, stream, url);
}

}  // namespace noroshi::net
