#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>

#include <charconv>

#include "net/http_beast.hpp"

namespace noroshi::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Stream = beast::basic_stream<asio::generic::stream_protocol>;

// The answer to a million values, a few hundred bytes each, fits four times; more than that is no answer of ours.
constexpr auto kMaxResponseBytes = std::uint64_t{2} << 30;
// Of a streamed answer, handed on at once.
constexpr auto kPieceBytes = std::size_t{64} << 10;
// Problem details are a few sentences.
constexpr auto kMaxRefusalBytes = std::size_t{1} << 20;

auto parse_port(std::string_view text) -> std::optional<std::uint16_t> {
  auto port = std::uint16_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

auto target_of(std::string_view where) -> Result<asio::generic::stream_protocol::endpoint> {
  if (where.find('/') != std::string_view::npos) {
    if (where.size() > 107) return fail(ErrorCode::too_large, "the socket path {} is longer than 107 bytes", where);
    return asio::generic::stream_protocol::endpoint{asio::local::stream_protocol::endpoint{std::string{where}}};
  }
  auto const colon = where.rfind(':');
  auto const port = parse_port(colon == std::string_view::npos ? std::string_view{} : where.substr(colon + 1));
  auto host = where.substr(0, std::min(colon, where.size()));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  auto error = beast::error_code{};
  auto const address = asio::ip::make_address(std::string{host}, error);
  if (!port || error)
    return fail(ErrorCode::malformed, "{} is not an address with a port, as in 127.0.0.1:8787", where);
  return asio::generic::stream_protocol::endpoint{asio::ip::tcp::endpoint{address, *port}};
}

auto failure(beast::error_code error, std::string_view doing) -> Error {
  if (error == beast::error::timeout) return fail(ErrorCode::timed_out, "{}: no answer in time", doing);
  return fail(ErrorCode::unavailable, "{}: {}", doing, error.message());
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

struct Call {
  asio::io_context loop{1};
  Stream stream{loop};
  beast::error_code sent;  // a server that refuses a large body answers before it has read it: so reading comes anyway
};

/// Connects and sends.
auto begin(Call &call, std::string_view where, HttpRequest const &request, std::chrono::seconds deadline)
    -> Result<void> {
  TRY(auto const target, target_of(where));
  call.stream.expires_after(deadline);
  if (auto const error = run(call.loop, [&](auto done) { call.stream.async_connect(target, done); }))
    return failure(error, fmt::format("connecting to {}", where));
  auto const message = message_of(request, where.find('/') != std::string_view::npos ? "localhost" : where, false);
  call.sent = run(call.loop, [&](auto done) { http::async_write(call.stream, message, done); });
  if (call.sent == beast::error::timeout) return failure(call.sent, fmt::format("sending to {}", where));
  return ok;
}

}  // namespace

auto http_call(std::string_view where, HttpRequest const &request, std::chrono::seconds deadline)
    -> Result<HttpResponse> {
  auto call = Call{};
  TRY_VOID(begin(call, where, request, deadline));
  auto buffer = beast::flat_buffer{};
  auto parser = http::response_parser<http::string_body>{};
  parser.body_limit(kMaxResponseBytes);
  if (request.method == "HEAD") parser.skip(true);
  if (auto const error = run(call.loop, [&](auto done) { http::async_read(call.stream, buffer, parser, done); }))
    return failure(call.sent ? call.sent : error, fmt::format("waiting for the answer of {}", where));

  return response_of(parser.release());
}

auto http_stream(std::string_view where, HttpRequest const &request, std::chrono::seconds deadline,
                 TakePiece const &take) -> Result<HttpResponse> {
  auto call = Call{};
  TRY_VOID(begin(call, where, request, deadline));
  auto buffer = beast::flat_buffer{};
  buffer.reserve(kPieceBytes);
  auto parser = http::response_parser<http::buffer_body>{};
  parser.body_limit(boost::none);
  auto const doing = fmt::format("reading the answer of {}", where);
  call.stream.expires_after(deadline);
  if (auto const error = run(call.loop, [&](auto done) { http::async_read_header(call.stream, buffer, parser, done); }))
    return failure(call.sent ? call.sent : error, doing);
  auto response = HttpResponse{};
  response.status = parser.get().result_int();
  response.content_type = std::string{parser.get()[http::field::content_type]};
  response.headers = fields_of(parser.get().base());
  auto bytes = std::string(kPieceBytes, '\0');
  while (!parser.is_done()) {
    parser.get().body().data = bytes.data();
    parser.get().body().size = bytes.size();
    call.stream.expires_after(deadline);
    auto const error = run(call.loop, [&](auto done) { http::async_read_some(call.stream, buffer, parser, done); });
    if (error && error != http::error::need_buffer) return failure(error, doing);
    auto const piece = std::string_view{bytes}.substr(0, bytes.size() - parser.get().body().size);
    if (response.status < 300 && !piece.empty()) TRY_VOID(take(piece));
    if (response.status >= 300 && response.body.size() < kMaxRefusalBytes) response.body += piece;
  }
  return response;
}

}  // namespace noroshi::net
