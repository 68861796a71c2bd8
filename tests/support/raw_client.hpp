// A client that sends bytes as they are, for requests that no HTTP library would write.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace noroshi::test {

class RawClient {
public:
  /// Connects to 127.0.0.1; every read gives up after ten seconds.
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto const patience = timeval{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    auto address = sockaddr_in{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0;
  }
  RawClient(RawClient &&other) noexcept : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_) {}
  RawClient(RawClient const &) = delete;
  auto operator=(RawClient const &) -> RawClient & = delete;
  ~RawClient() {
    if (socket_ >= 0) ::close(socket_);
  }

  [[nodiscard]] auto connected() const -> bool { return connected_; }
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      auto const sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Reads until `end` was seen, the peer closed, or ten seconds of silence.
  [[nodiscard]] auto read_until(std::string_view end) const -> std::string {
    auto text = std::string{};
    char piece[4096];
    while (text.find(end) == std::string::npos) {
      auto const got = ::recv(socket_, piece, sizeof piece, 0);
      if (got <= 0) break;
      text.append(piece, static_cast<std::size_t>(got));
    }
    return text;
  }
  /// Reads to the end of the connection. `closed` tells whether the peer closed (not silence).
  struct Rest {
    std::string text;
    bool closed = false;
  };
  [[nodiscard]] auto read_all() const -> Rest {
    auto rest = Rest{};
    char piece[4096];
    for (;;) {
      auto const got = ::recv(socket_, piece, sizeof piece, 0);
      if (got > 0) rest.text.append(piece, static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno == ECONNRESET)) rest.closed = true;
      if (got <= 0) return rest;
    }
  }

private:
  int socket_;
  bool connected_ = false;
};

}  // namespace noroshi::test
