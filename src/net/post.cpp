#include "net/post.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "model/canonical.hpp"
#include "net/http_beast.hpp"

namespace noroshi::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ssl = boost::asio::ssl;

constexpr auto kMaxUrlBytes = std::size_t{2048};
// Of an answer that nobody reads: a thank-you. A longer one is cut off, its status counts.
constexpr auto kMaxAnswerBytes = std::size_t{64} << 10;

// So long after it was told to stop a post is over.
constexpr auto kBeat = std::chrono::milliseconds{200};

/// One step of a post; what it is connected by is closed where it is to stop.
class Steps {
public:
  Steps(asio::io_context &loop, std::stop_token stop) : loop_(loop), stop_(std::move(stop)) {}

  template <class Start>
  auto run(beast::tcp_stream &connection, Start &&start) -> beast::error_code {
    auto outcome = beast::error_code{};
    start([&outcome](beast::error_code error, auto &&...) { outcome = error; });
    loop_.restart();
    while (!loop_.stopped() && !stop_.stop_requested()) loop_.run_for(kBeat);
    if (loop_.stopped()) return outcome;
    connection.close();
    loop_.run();
    return asio::error::operation_aborted;
  }

private:
  asio::io_context &loop_;
  std::stop_token stop_;
};

auto failure(beast::error_code error, std::string_view doing) -> Error {
  if (error == beast::error::timeout) return fail(ErrorCode::timed_out, "{}: no answer in time", doing);
  return fail(ErrorCode::unavailable, "{}: {}", doing, error.message());
}

auto address_of(asio::ip::address const &address) -> model::IpAddress {
  if (address.is_v4()) return model::IpAddress::v4(address.to_v4().to_uint());
  return model::IpAddress::from_bytes(address.to_v6().to_bytes());
}

auto permitted(asio::io_context &loop, PostTarget const &target, PostOptions const &options)
    -> Result<std::vector<asio::ip::tcp::endpoint>> {
  auto resolver = asio::ip::tcp::resolver{loop};
  auto error = beast::error_code{};
  auto const found = resolver.resolve(target.host, std::to_string(target.port), error);
  if (error) return fail(ErrorCode::unavailable, "looking up {}: {}", target.host, error.message());
  auto places = std::vector<asio::ip::tcp::endpoint>{};
  for (auto const &each : found)
    if (options.permits(address_of(each.endpoint().address()))) places.push_back(each.endpoint());
  if (places.empty()) return fail(ErrorCode::denied, "{} is at no address that may be called from here", target.host);
  return places;
}

auto message_for(PostTarget const &target, std::string body, PostOptions const &options)
    -> http::request<http::string_body> {
  auto message = http::request<http::string_body>{http::verb::post, target.path, 11};
  auto const host = target.host.contains(':') ? "[" + target.host + "]" : target.host;
  auto const usual = target.port == (target.secure ? 443 : 80);
  message.set(http::field::host, usual ? host : fmt::format("{}:{}", host, target.port));
  message.set(http::field::user_agent, "noroshi");
  for (auto const &[name, value] : options.headers) message.set(name, value);
  message.keep_alive(false);
  message.body() = std::move(body);
  message.prepare_payload();
  return message;
}

template <class Stream>
auto exchange(Steps &steps, Stream &stream, PostTarget const &target, http::request<http::string_body> const &message)
    -> Result<unsigned> {
  auto &connection = beast::get_lowest_layer(stream);
  if (auto const error = steps.run(connection, [&](auto done) { http::async_write(stream, message, done); }))
    return failure(error, "sending to " + target.host);
  auto buffer = beast::flat_buffer{kMaxAnswerBytes};
  auto parser = http::response_parser<http::empty_body>{};
  if (auto const error =
          steps.run(connection, [&](auto done) { http::async_read_header(stream, buffer, parser, done); }))
    return failure(error, "waiting for " + target.host);
  return parser.get().result_int();
}

auto over_tls(Steps &steps, beast::tcp_stream plain, PostTarget const &target,
              http::request<http::string_body> const &message) -> Result<unsigned> {
  auto context = ssl::context{ssl::context::tls_client};
  auto error = beast::error_code{};
  context.set_default_verify_paths(error);
  if (error) return failure(error, "reading the certificate authorities");
  auto stream = beast::ssl_stream<beast::tcp_stream>{std::move(plain), context};
  stream.set_verify_mode(ssl::verify_peer, error);
  stream.set_verify_callback(ssl::host_name_verification{target.host}, error);
  if (SSL_set_tlsext_host_name(stream.native_handle(), target.host.c_str()) != 1)
    return fail(ErrorCode::malformed, "{} is no host name", target.host);
  auto &connection = beast::get_lowest_layer(stream);
  auto const greet = [&](auto done) { stream.async_handshake(ssl::stream_base::client, done); };
  if (auto const refused = steps.run(connection, greet)) return failure(refused, "TLS with " + target.host);
  return exchange(steps, stream, target, message);
}

}  // namespace

auto parse_post_target(std::string_view url) -> Result<PostTarget> {
  auto const bad = [&](std::string_view why) {
    return fail(ErrorCode::malformed, "\"{}\" is no URL to post to: {}", printable(url.substr(0, 200)), why);
  };
  if (url.size() > kMaxUrlBytes) return bad("it is longer than 2,048 bytes");
  auto target = PostTarget{};
  target.secure = url.starts_with("https://");
  if (!target.secure && !url.starts_with("http://")) return bad("it does not begin with https://");
  if (std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }))
    return bad("it has a space or a control character in it");
  auto rest = url.substr(url.find("://") + 3);
  auto const end = std::min(rest.find_first_of("/?#"), rest.size());
  auto authority = rest.substr(0, end);
  auto const path = rest.substr(end, rest.find('#', end) - end);
  if (authority.contains('@')) return bad("it names a user");
  auto const colon = authority.rfind(':');
  target.port = target.secure ? 443 : 80;
  if (colon != std::string_view::npos && !authority.substr(colon).contains(']')) {
    auto const port = model::parse_port(authority.substr(colon + 1));
    if (!port || *port == 0) return bad("its port is none");
    target.port = *port;
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
  if (authority.empty()) return bad("it names no host");
  target.host = authority;
  target.path = path.starts_with('/') ? std::string{path} : "/" + std::string{path};
  return target;
}

auto post(PostTarget const &target, std::string body, PostOptions const &options) -> Result<unsigned> {
  auto loop = asio::io_context{1};
  TRY(auto const places, permitted(loop, target, options));
  auto stream = beast::tcp_stream{loop};
  stream.expires_after(options.deadline);
  auto steps = Steps{loop, options.stop};
  if (auto const error = steps.run(stream, [&](auto done) { stream.async_connect(places, done); }))
    return failure(error, fmt::format("connecting to {}:{}", target.host, target.port));
  auto const message = message_for(target, std::move(body), options);
  if (target.secure) return over_tls(steps, std::move(stream), target, message);
  return exchange(steps, stream, target, message);
}

auto hmac_sha256(std::string_view key, std::string_view text) -> std::string {
  auto digest = std::array<unsigned char, 32>{};
  auto size = static_cast<unsigned>(digest.size());
  ::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<unsigned char const *>(text.data()),
         text.size(), digest.data(), &size);
  auto hex = std::string{};
  for (auto const byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

}  // namespace noroshi::net
