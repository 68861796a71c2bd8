// A Redis of one's own on loopback, asked over one connection with pipelines: what a look-up over a socket costs
// elsewhere.
#pragma once

#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "bench/loopback.hpp"

namespace noroshi::bench {

/// Bytes to and from one server on loopback, waiting for each other.
class BlockingClient {
public:
  explicit BlockingClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto const address = loopback(port);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr const *>(&address), sizeof address) == 0;
  }
  BlockingClient(BlockingClient const &) = delete;
  auto operator=(BlockingClient const &) -> BlockingClient & = delete;
  ~BlockingClient() { ::close(socket_); }
  [[nodiscard]] auto connected() const -> bool { return connected_; }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      auto const sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) fail("the server has gone");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Appends what is there, at least one byte.
  void receive(std::string &to) {
    auto const got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) fail("the server has gone");
    to.append(buffer_.data(), static_cast<std::size_t>(got));
  }

private:
  int socket_;
  bool connected_ = false;
  std::string buffer_ = std::string(1 << 20, '\0');
};

inline void append_bulk(std::string &to, std::string_view text) {
  to += "$" + std::to_string(text.size()) + "\r\n";
  to.append(text).append("\r\n");
}

/// Runs until it is destroyed; available() is false where redis-server is not installed.
class RedisPeer {
public:
  RedisPeer() {
    if (!std::filesystem::exists(kProgram)) return;
    auto const listener = listen_on_loopback();
    port_ = port_of(listener);
    ::close(listener);
    process_ = ::fork();
    if (process_ == 0) {
      auto const port = std::to_string(port_);
      ::execl(kProgram, "redis-server", "--port", port.c_str(), "--bind", "127.0.0.1", "--save", "", "--appendonly",
              "no", "--logfile", "/dev/null", static_cast<char *>(nullptr));
      ::_exit(127);
    }
    for (auto tries = 0; tries < 1000; ++tries) {
      client_ = std::make_unique<BlockingClient>(port_);
      if (client_->connected()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    fail("redis-server does not listen");
  }
  RedisPeer(RedisPeer const &) = delete;
  auto operator=(RedisPeer const &) -> RedisPeer & = delete;
  ~RedisPeer() {
    client_.reset();
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  [[nodiscard]] auto available() const -> bool { return process_ > 0; }

  /// Stores many at once: begin_store(count), then store() each, then end_store().
  void begin_store(std::size_t count) { command_ = "*" + std::to_string(2 * count + 1) + "\r\n$4\r\nMSET\r\n"; }
  void store(std::string_view key, std::string_view value) {
    append_bulk(command_, key);
    append_bulk(command_, value);
  }
  void end_store() {
    client_->send(command_);
    auto answer = std::string{};
    while (!answer.ends_with("\r\n")) client_->receive(answer);
  }

  /// How many of the keys are there; their values are in `answer`.
  auto ask(std::string_view command, std::size_t count, std::string &answer) -> std::size_t {
    answer.clear();
    client_->send(command);
    auto at = std::size_t{0};
    auto line = [&]() -> long {
      auto end = answer.find("\r\n", at);
      while (end == std::string::npos) {
        client_->receive(answer);
        end = answer.find("\r\n", at);
      }
      auto const number = std::strtol(answer.c_str() + at + 1, nullptr, 10);
      at = end + 2;
      return number;
    };
    (void)line();
    auto found = std::size_t{0};
    for (auto i = std::size_t{0}; i < count; ++i) {
      auto const size = line();
      if (size < 0) continue;
      ++found;
      at += static_cast<std::size_t>(size) + 2;
      while (answer.size() < at) client_->receive(answer);
    }
    return found;
  }

private:
  static constexpr auto kProgram = "/usr/bin/redis-server";
  pid_t process_ = -1;
  std::uint16_t port_ = 0;
  std::string command_;
  std::unique_ptr<BlockingClient> client_;
};

}  // namespace noroshi::bench
