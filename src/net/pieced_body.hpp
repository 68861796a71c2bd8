// Sending an answer that is made piece by piece on the worker threads. Included only by the HTTP server.
#pragma once

#include <array>
#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>

#include "net/http_beast.hpp"

namespace noroshi::net {

/// On a worker's thread. False behind the last piece; nothing where making it failed for a defect.
inline auto make_piece(PiecedBody &source, std::string &piece) -> boost::asio::awaitable<std::optional<bool>> {
  try {
    co_return source.next(piece);
  } catch (std::exception const &) {
    co_return std::nullopt;
  }
}

/// How the end of a body is told.
enum class Framing : std::uint8_t { chunks, end_of_connection };

/// Waits for a worker for each piece, so that other requests come in between, and for the client to take it. True where
/// the whole answer went out: then the connection can be kept (in chunks; RFC 9112 section 7.1). `handling` is true
/// while a worker is at it. Whoever takes nothing for `stall` is given up.
template <class Connection>
auto send_pieces(Connection &to, HttpResponse response, Framing framing, bool keep_alive,
                 boost::asio::thread_pool &workers, std::chrono::nanoseconds stall, bool &handling,
                 bool const &stopping) -> boost::asio::awaitable<bool> {
  constexpr auto kTuple = boost::asio::as_tuple(boost::asio::use_awaitable);
  auto const chunks = framing == Framing::chunks;
  auto head = http::response<http::empty_body>{static_cast<http::status>(response.status), chunks ? 11U : 10U};
  head.set(http::field::content_type, response.content_type);
  for (auto const &[name, value] : response.headers) head.set(name, value);
  head.chunked(chunks);
  head.keep_alive(keep_alive && chunks);
  auto serializer = http::response_serializer<http::empty_body>{head};
  handling = false;
  to.expires_after(stall);
  auto [head_error, head_bytes] = co_await http::async_write_header(to, serializer, kTuple);
  if (head_error) co_return false;

  auto piece = std::move(response.body);
  for (auto more = true; more || !piece.empty();) {
    if (!piece.empty()) {
      to.expires_after(stall);
      auto error = boost::beast::error_code{};
      if (chunks) {
        auto const chunk = http::make_chunk(boost::asio::buffer(piece));
        std::tie(error, std::ignore) = co_await boost::asio::async_write(to, chunk, kTuple);
      } else {
        auto const plain = boost::asio::buffer(piece);
        std::tie(error, std::ignore) = co_await boost::asio::async_write(to, plain, kTuple);
      }
      if (error) co_return false;
      piece.clear();
    }
    if (!more) break;
    if (stopping) co_return false;
    handling = true;
    to.expires_never();
    auto made =
        co_await boost::asio::co_spawn(workers, make_piece(*response.pieces, piece), boost::asio::use_awaitable);
    handling = false;
    // Cut off, so that nobody takes it for the whole.
    if (!made || stopping) co_return false;
    more = *made;
  }
  if (!chunks) co_return true;
  auto const last = http::make_chunk_last();
  to.expires_after(stall);
  auto [error, bytes] = co_await boost::asio::async_write(to, last, kTuple);
  co_return !error;
}

}  // namespace noroshi::net
