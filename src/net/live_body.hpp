// Sending an answer without a known end, chunk by chunk (RFC 9112 section 7.1). Included only by the HTTP server.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>

#include "base/metrics.hpp"
#include "net/http_beast.hpp"

namespace noroshi::net {

inline Counter const live_cut_off{"noroshi_live_cut_off_total", "Readers of live streams cut off for not reading."};

/// What a stream waits on. Shared, because whoever wakes it may do so from another thread while the connection ends.
using LiveTimer = std::shared_ptr<boost::asio::steady_timer>;

/// Whoever makes the body may keep it for longer than the server lives: it must not keep the server's timer with it.
class Unasked {
public:
  explicit Unasked(LiveBody &source) : source_(source) {}
  Unasked(Unasked const &) = delete;
  auto operator=(Unasked const &) -> Unasked & = delete;
  ~Unasked() { source_.on_more({}); }

private:
  LiveBody &source_;
};

/// Until the stream ends, the client leaves or takes nothing for `live_stall`, or `stopping`. The connection cannot
/// be kept afterwards.
template <class Connection>
auto send_live_body(Connection &to, HttpResponse response, HttpServerOptions const &options, LiveTimer timer,
                    bool const &stopping) -> boost::asio::awaitable<void> {
  constexpr auto kTuple = boost::asio::as_tuple(boost::asio::use_awaitable);
  auto head = http::response<http::empty_body>{static_cast<http::status>(response.status), 11};
  head.set(http::field::content_type, response.content_type);
  for (auto const &[name, value] : response.headers) head.set(name, value);
  head.chunked(true);
  head.keep_alive(false);
  auto serializer = http::response_serializer<http::empty_body>{head};
  to.expires_after(options.live_stall);
  auto [head_error, head_bytes] = co_await http::async_write_header(to, serializer, kTuple);
  if (head_error) co_return;

  auto &source = *response.live;
  source.on_more([timer] { boost::asio::post(timer->get_executor(), [timer] { timer->cancel(); }); });
  auto const unasked = Unasked{source};
  auto piece = std::string{};
  auto step = LiveBody::Step::more;
  while (!stopping && step != LiveBody::Step::end) {
    piece.clear();
    step = source.next(piece);
    if (piece.empty() && step == LiveBody::Step::waiting) {
      timer->expires_after(options.live_heartbeat);
      auto [woken] = co_await timer->async_wait(kTuple);
      if (woken) continue;
      piece = source.heartbeat();
    }
    if (piece.empty()) {
      // It looked at much and had nothing to send: the others on this thread come first, then it goes on.
      co_await boost::asio::post(timer->get_executor(), boost::asio::use_awaitable);
      continue;
    }
    to.expires_after(options.live_stall);
    auto const chunk = http::make_chunk(boost::asio::buffer(piece));
    auto [error, bytes] = co_await boost::asio::async_write(to, chunk, kTuple);
    if (error) {
      if (error == boost::beast::error::timeout) live_cut_off.add();
      co_return;
    }
  }
  auto const last = http::make_chunk_last();
  to.expires_after(options.live_stall);
  (void)co_await boost::asio::async_write(to, last, kTuple);
}

}  // namespace noroshi::net
