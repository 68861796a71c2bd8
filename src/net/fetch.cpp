#include "net/fetch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>

#include <algorithm>

#include "base/text.hpp"
#include "net/http_beast.hpp"

namespace noroshi::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ssl = boost::asio::ssl;
using Clock = std::chrono::steady_clock;

constexpr auto kMaxRedirects = 3;
constexpr auto kMaxUrlBytes = std::size_t{2048};

struct Address {
  bool secure = false;
  std::string host, port, target;
};

auto parse_url(std::string_view url) -> Result<Address> {
  auto address = Address{};
  auto const bad = [&] {
    return fail(ErrorCode::malformed, "\"{}\" is no http:// or https:// URL", printable(url.substr(0, 200)));
  };
  auto rest = url;
  if (rest.starts_with("https://"))
    address.secure = true;
  else if (!rest.starts_with("http://"))
    return bad();
  rest.remove_prefix(rest.find("://") + 3);
  auto const end = std::min(rest.find_first_of("/?#"), rest.size());
  auto authority = rest.substr(0, end);
  auto target = rest.substr(end, rest.find('#', end) - end);
  if (url.size() > kMaxUrlBytes || authority.contains('@') ||
      std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }))
    return bad();
  auto const colon = authority.rfind(':');
  auto const has_port = colon != std::string_view::npos && !authority.substr(colon).contains(']');
  address.port = has_port ? std::string{authority.substr(colon + 1)} : address.secure ? "443" : "80";
  if (has_port) authority = authority.substr(0, colon);
  if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
  address.host = authority;
  address.target = target.starts_with('/') ? std::string{target} : "/" + std::string{target};
  if (address.host.empty() || address.port.empty()) return bad();
  return address;
}

/// Runs what was started on `loop` to its end and gives its outcome.
template <class Start>
auto run(asio::io_context &loop, Start &&start) -> beast::error_code {
  auto outcome = beast::error_code{};
  start([&outcome](beast::error_code error, auto &&...) { outcome = error; });
  loop.restart();
  loop.run();
  return outcome;
}

auto failure(beast::error_code error, std::string_view doing, FetchOptions const &options) -> Error {
  if (error == beast::error::timeout) return fail(ErrorCode::timed_out, "{}: no answer in time", doing);
  if (error == http::error::body_limit)
    return fail(ErrorCode::too_large, "the document has more than {} bytes", options.max_bytes);
  return fail(ErrorCode::unavailable, "{}: {}", doing, error.message());
}

auto resolve(asio::io_context &loop, Address const &address) -> Result<asio::ip::tcp::resolver::results_type> {
  auto resolver = asio::ip::tcp::resolver{loop};
  auto error = beast::error_code{};
  auto found = resolver.resolve(address.host, address.port, error);
  if (error) return fail(ErrorCode::unavailable, "looking up {}: {}", address.host, error.message());
  return found;
}

auto request_for(Address const &address, FetchOptions const &options) -> http::request<http::empty_body> {
  auto request = http::request<http::empty_body>{http::verb::get, address.target, 11};
  auto const usual = address.port == (address.secure ? "443" : "80");
  auto const host = address.host.contains(':') ? "[" + address.host + "]" : address.host;
  request.set(http::field::host, usual ? host : host + ":" + address.port);
  request.set(http::field::user_agent, "noroshi");
  request.set(http::field::accept, "*/*");
  if (!options.known.etag.empty()) request.set(http::field::if_none_match, options.known.etag);
  if (!options.known.last_modified.empty()) request.set(http::field::if_modified_since, options.known.last_modified);
  request.keep_alive(false);
  return request;
}

template <class Stream>
auto exchange(asio::io_context &loop, Stream &stream, Address const &address, FetchOptions const &options)
    -> Result<http::response<http::string_body>> {
  auto const request = request_for(address, options);
  if (auto const error = run(loop, [&](auto done) { http::async_write(stream, request, done); }))
    return failure(error, "asking " + address.host, options);
  auto buffer = beast::flat_buffer{};
  auto parser = http::response_parser<http::string_body>{};
  parser.body_limit(options.max_bytes);
  if (auto const error = run(loop, [&](auto done) { http::async_read(stream, buffer, parser, done); }))
    return failure(error, "waiting for " + address.host, options);
  return parser.release();
}

auto over_tls(asio::io_context &loop, beast::tcp_stream plain, Address const &address, FetchOptions const &options)
    -> Result<http::response<http::string_body>> {
  auto context = ssl::context{ssl::context::tls_client};
  auto error = beast::error_code{};
  context.set_default_verify_paths(error);
  if (error) return failure(error, "reading the certificate authorities", options);
  auto stream = beast::ssl_stream<beast::tcp_stream>{std::move(plain), context};
  stream.set_verify_mode(ssl::verify_peer, error);
  stream.set_verify_callback(ssl::host_name_verification{address.host}, error);
  if (SSL_set_tlsext_host_name(stream.native_handle(), address.host.c_str()) != 1)
    return fail(ErrorCode::malformed, "{} is no host name", address.host);
  if (auto const refused = run(loop, [&](auto done) { stream.async_handshake(ssl::stream_base::client, done); }))
    return failure(refused, "TLS with " + address.host, options);
  return exchange(loop, stream, address, options);
}

auto get(Address const &address, FetchOptions const &options, Clock::time_point until)
    -> Result<http::response<http::string_body>> {
  auto loop = asio::io_context{1};
  TRY(auto const places, resolve(loop, address));
  auto stream = beast::tcp_stream{loop};
  stream.expires_at(until);
  if (auto const error = run(loop, [&](auto done) { stream.async_connect(places, done); }))
    return failure(error, fmt::format("connecting to {}:{}", address.host, address.port), options);
  if (address.secure) return over_tls(loop, std::move(stream), address, options);
  return exchange(loop, stream, address, options);
}

auto next_address(Address const &from, std::string_view location) -> Result<Address> {
  if (location.starts_with('/') && !location.starts_with("//")) {
    auto next = from;
    next.target = location;
    return next;
  }
  TRY(auto next, parse_url(location));
  if (from.secure && !next.secure)
    return fail(ErrorCode::unavailable, "{} sends from https to http, which is not followed", from.host);
  return next;
}

}  // namespace

auto fetch(std::string const &url, FetchOptions const &options) -> Result<Fetched> {
  TRY(auto address, parse_url(url));
  auto const until = Clock::now() + options.deadline;
  for (auto redirects = 0; redirects <= kMaxRedirects; ++redirects) {
    TRY(auto answer, get(address, options, until));
    auto const status = answer.result_int();
    if (status == 304) return Fetched{true, {}, options.known};
    if (status == 200)
      return Fetched{false,
                     std::move(answer.body()),
                     {std::string{answer[http::field::etag]}, std::string{answer[http::field::last_modified]}}};
    if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308)
      return fail(ErrorCode::unavailable, "{} answered with status {}", address.host, status);
    TRY(address, next_address(address, std::string{answer[http::field::location]}));
  }
  return fail(ErrorCode::unavailable, "{} redirects more than {} times", address.host, kMaxRedirects);
}

}  // namespace noroshi::net
