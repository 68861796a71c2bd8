// One connection's bytes, with TLS around them or without, as one type that Beast reads and writes. Included only by
// the .cpp files of net that speak HTTP.
#pragma once

#include <optional>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>

namespace noroshi::net {

/// An AsyncStream (Beast's sense). Not movable: TLS refers to the socket beside it.
class HttpStream {
public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol>;
  using Plain = boost::beast::basic_stream<boost::asio::generic::stream_protocol>;
  using executor_type = Plain::executor_type;

  template <class... Arguments>
  explicit HttpStream(Arguments &&...arguments) : plain_(std::forward<Arguments>(arguments)...) {}
  HttpStream(HttpStream const &) = delete;
  auto operator=(HttpStream const &) -> HttpStream & = delete;

  /// From here on bytes go through TLS; a handshake comes first.
  void add_tls(boost::asio::ssl::context &context) { tls_.emplace(plain_, context); }
  [[nodiscard]] auto tls() -> std::optional<boost::asio::ssl::stream<Plain &>> & { return tls_; }
  [[nodiscard]] auto plain() -> Plain & { return plain_; }

  [[nodiscard]] auto get_executor() -> executor_type { return plain_.get_executor(); }
  [[nodiscard]] auto socket() -> Socket & { return plain_.socket(); }
  void expires_after(std::chrono::nanoseconds time) {
    plain_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(time));
  }
  void expires_never() { plain_.expires_never(); }
  void close() { plain_.close(); }

  template <class Buffers, class Token>
  auto async_read_some(Buffers const &buffers, Token &&token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto &&handler, Buffers const &into) {
          if (tls_)
            tls_->async_read_some(into, std::forward<decltype(handler)>(handler));
          else
            plain_.async_read_some(into, std::forward<decltype(handler)>(handler));
        },
        token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(Buffers const &buffers, Token &&token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto &&handler, Buffers const &from) {
          if (tls_)
            tls_->async_write_some(from, std::forward<decltype(handler)>(handler));
          else
            plain_.async_write_some(from, std::forward<decltype(handler)>(handler));
        },
        token, buffers);
  }

private:
  Plain plain_;
  std::optional<boost::asio::ssl::stream<Plain &>> tls_;
};

}  // namespace noroshi::net
