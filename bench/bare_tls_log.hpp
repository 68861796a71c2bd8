// The peer of the benchmark of sensors: the least that "acknowledged means durable" over mutual TLS costs. One epoll
// loop with the node's own TLS settings reads each POST, appends its body to one file, and answers all that came in one
// turn after one fdatasync. It knows no sensor, checks no frame, and has no store.
#pragma once

#include <fcntl.h>
#include <sys/epoll.h>
#include <memory>
#include <string>
#include <vector>

#include "bench/fleet.hpp"
#include "bench/loopback.hpp"
#include "net/tls.hpp"

namespace noroshi::bench {

class BareTlsLog {
public:
  BareTlsLog(net::Identity const &identity, std::string const &file)
      : context_(must(net::server_context({identity, net::ClientCertificates::demanded}))),
        file_(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600)) {}

  void serve(int port_out, int lifeline) {
    listener_.reset(listen_on_loopback());
    watch(listener_.get());
    watch(lifeline);
    send_port(port_out, port_of(listener_.get()));
    auto ready = std::array<epoll_event, 512>{};
    while (true) {
      auto const count = ::epoll_wait(poller_.get(), ready.data(), static_cast<int>(ready.size()), -1);
      for (auto i = 0; i < count; ++i) {
        auto const descriptor = ready[static_cast<std::size_t>(i)].data.fd;
        if (descriptor == lifeline) return;
        descriptor == listener_.get() ? accept_all() : read(descriptor);
      }
      acknowledge();
    }
  }

private:
  struct Connection {
    std::unique_ptr<SSL, FreeSsl> ssl;
    std::string in;
  };

  void watch(int descriptor) {
    auto event = epoll_event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    ::epoll_ctl(poller_.get(), EPOLL_CTL_ADD, descriptor, &event);
  }
  void accept_all() {
    for (auto socket = -1;
         (socket = ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
      auto const place = static_cast<std::size_t>(socket);
      if (connections_.size() <= place) connections_.resize(place + 1);
      connections_[place].ssl.reset(SSL_new(context_.native_handle()));
      SSL_set_fd(connections_[place].ssl.get(), socket);
      SSL_set_accept_state(connections_[place].ssl.get());
      watch(socket);
    }
  }
  void read(int socket) {
    auto &connection = connections_[static_cast<std::size_t>(socket)];
    auto part = std::array<char, 16 * 1024>{};
    auto const got = SSL_read(connection.ssl.get(), part.data(), part.size());  // shakes hands first
    if (got <= 0) {
      if (SSL_get_error(connection.ssl.get(), got) == SSL_ERROR_WANT_READ) return;
      connection = {};
      ::close(socket);
      return;
    }
    connection.in.append(part.data(), static_cast<std::size_t>(got));
    auto const end = connection.in.find("\r\n\r\n");
    auto const at = connection.in.find("Content-Length: ");
    if (end == std::string::npos || at == std::string::npos) return;
    auto const size = std::strtoull(connection.in.data() + at + 16, nullptr, 10);
    if (connection.in.size() < end + 4 + size) return;
    log_.append(connection.in, end + 4);
    connection.in.clear();
    answered_.push_back(socket);
  }
  void acknowledge() {
    static constexpr auto kAnswer =
        std::string_view{"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{\"acknowledged\":true}"};
    if (answered_.empty()) return;
    if (::write(file_.get(), log_.data(), log_.size()) < 0 || ::fdatasync(file_.get()) != 0) fail("the peer's log");
    for (auto const socket : answered_)
      SSL_write(connections_[static_cast<std::size_t>(socket)].ssl.get(), kAnswer.data(), kAnswer.size());
    answered_.clear();
    log_.clear();
  }

  boost::asio::ssl::context context_;
  FileDescriptor file_;
  FileDescriptor poller_{::epoll_create1(EPOLL_CLOEXEC)};
  FileDescriptor listener_;
  std::vector<Connection> connections_;  // by descriptor
  std::string log_;
  std::vector<int> answered_;
};

}  // namespace noroshi::bench
