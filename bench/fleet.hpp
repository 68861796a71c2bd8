// Many sensors in one thread: each with a key of its own and one kept connection over mutual TLS, handing in batches as
// `noroshi sense` does. One batch of a sensor is on its way at a time, as in its uplink.
#pragma once

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "base/time.hpp"
#include "bench/loopback.hpp"
#include "bench/traffic.hpp"
#include "net/identity.hpp"
#include "net/openssl.hpp"

namespace noroshi::bench {

struct FreeSsl {
  void operator()(SSL *ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX *context) const { SSL_CTX_free(context); }
};

struct FleetResult {
  std::uint64_t acknowledged = 0, repeated = 0;
  double seconds = 0;
  std::vector<double> latencies;  // seconds from when a batch was due to its acknowledgement

  [[nodiscard]] auto latency(double part) -> double {
    if (latencies.empty()) return 0;
    auto const at = static_cast<std::ptrdiff_t>(part * static_cast<double>(latencies.size() - 1));
    std::ranges::nth_element(latencies, latencies.begin() + at);
    return latencies[static_cast<std::size_t>(at)];
  }
};

class Fleet {
public:
  /// `batches`: frames that sensors hand in, in turn.
  Fleet(std::vector<net::Identity> const &identities, std::vector<std::string> const &batches)
      : identities_(identities), batches_(batches), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
    SSL_CTX_set_mode(context_.get(), SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);  // the node's proof is not what is measured
  }

  /// Connects all and shakes hands, some at a time. Seconds.
  auto connect(std::uint16_t port) -> double {
    sensors_.clear();
    sensors_.resize(identities_.size());
    auto const start = Clock::now();
    auto next = std::size_t{0};
    auto ready = std::size_t{0};
    while (ready < sensors_.size()) {
      while (next < sensors_.size() && next - ready < kHandshakesAtOnce) open(next++, port);
      each_event(-1, [&](Sensor &sensor) {
        if (sensor.greeted || !greet(sensor)) return;
        ++ready;
        watch(sensor, EPOLL_CTL_MOD, EPOLLIN);
      });
    }
    return seconds_since(start);
  }

  /// Every sensor one batch a second, spread evenly over the second; latencies count from when each was due.
  auto paced(std::chrono::seconds duration) -> FleetResult {
    auto result = FleetResult{};
    auto const start = Clock::now();
    auto const all = sensors_.size() * static_cast<std::size_t>(duration.count());
    auto const due_of = [&](std::size_t number) {
      return start + std::chrono::nanoseconds{number * std::size_t{1'000'000'000} / sensors_.size()};
    };
    for (auto due = std::size_t{0}; result.acknowledged < all;) {
      for (auto const now = Clock::now(); due < all && due_of(due) <= now; ++due) {
        auto &sensor = sensors_[due % sensors_.size()];
        sensor.due.push_back(due_of(due));
        if (!sensor.busy()) send(sensor);
      }
      each_event(due < all ? 1 : 1'000, [&](Sensor &sensor) {
        if (take_answer(sensor, result) && !sensor.due.empty()) send(sensor);
      });
    }
    result.seconds = seconds_since(start);
    return result;
  }

  /// As fast as acknowledged, with `in_flight` batches on their way.
  auto flat_out(std::chrono::seconds duration, std::size_t in_flight) -> FleetResult {
    auto result = FleetResult{};
    auto const start = Clock::now();
    auto next = std::size_t{0};
    auto sent = std::uint64_t{0};
    auto const send_next = [&] {
      auto &sensor = sensors_[next++ % sensors_.size()];
      sensor.due.push_back(Clock::now());
      if (!sensor.busy()) send(sensor);
      ++sent;
    };
    while (next < in_flight) send_next();
    while (result.acknowledged < sent)
      each_event(1'000, [&](Sensor &sensor) {
        if (!take_answer(sensor, result)) return;
        if (!sensor.due.empty()) send(sensor);
        if (Clock::now() < start + duration) send_next();
      });
    result.seconds = seconds_since(start);
    return result;
  }

private:
  using Clock = std::chrono::steady_clock;
  // Two cores shake a few at once; those that wait must not run into the node's time for a handshake (10 s).
  static constexpr auto kHandshakesAtOnce = std::size_t{64};

  struct Sensor {
    std::unique_ptr<SSL, FreeSsl> ssl;
    FileDescriptor socket;
    bool greeted = false;
    std::uint64_t sequence = 0;          // of the last batch sent
    std::vector<Clock::time_point> due;  // of batches that wait for the one on its way
    Clock::time_point sent_due{};        // of the one on its way; none: nothing is
    std::string answer;
    [[nodiscard]] auto busy() const -> bool { return sent_due != Clock::time_point{}; }
  };

  static auto seconds_since(Clock::time_point start) -> double {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  void watch(Sensor &sensor, int what, unsigned events) {
    auto event = epoll_event{};
    event.events = events;
    event.data.u64 = static_cast<std::uint64_t>(&sensor - sensors_.data());
    ::epoll_ctl(poller_.get(), what, sensor.socket.get(), &event);
  }

  template <class Handle>
  void each_event(int timeout_ms, Handle const &handle) {
    auto events = std::array<epoll_event, 512>{};
    auto const count = ::epoll_wait(poller_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
    for (auto i = 0; i < count; ++i) handle(sensors_[events[static_cast<std::size_t>(i)].data.u64]);
  }

  void open(std::size_t number, std::uint16_t port) {
    auto &sensor = sensors_[number];
    sensor.socket.reset(connect_to_loopback(port));
    auto const at_once = 1;
    ::setsockopt(sensor.socket.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    sensor.ssl.reset(SSL_new(context_.get()));
    auto const certificate = net::openssl::read_certificate(identities_[number].certificate);
    auto const key = net::openssl::read_key(identities_[number].key);
    if (SSL_use_certificate(sensor.ssl.get(), certificate.get()) != 1 ||
        SSL_use_PrivateKey(sensor.ssl.get(), key.get()) != 1 || SSL_set_fd(sensor.ssl.get(), sensor.socket.get()) != 1)
      fail("a sensor's key cannot be used");
    SSL_set_connect_state(sensor.ssl.get());
    watch(sensor, EPOLL_CTL_ADD, EPOLLOUT);
  }

  auto greet(Sensor &sensor) -> bool {
    auto const outcome = SSL_do_handshake(sensor.ssl.get());
    if (outcome == 1) return sensor.greeted = true;
    auto const why = SSL_get_error(sensor.ssl.get(), outcome);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) fail("a handshake failed");
    watch(sensor, EPOLL_CTL_MOD, why == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT);
    return false;
  }

  void send(Sensor &sensor) {
    auto const &frames = batches_[next_batch_++ % batches_.size()];
    request_.clear();
    fmt::format_to(std::back_inserter(request_),
                   "POST /peer/v1/batches HTTP/1.1\r\nHost: 127.0.0.1:8788\r\nNoroshi-Time: {}\r\nNoroshi-Version: "
                   "0.1.0\r\nNoroshi-Spool-Bytes: 0\r\nNoroshi-Drops: 0\r\nNoroshi-Space: dark\r\n"
                   "Noroshi-Configuration-Version: 0\r\nNoroshi-Epoch: {}\r\nNoroshi-Sequence: {}\r\n"
                   "Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n{}",
                   to_rfc3339(system_clock().now()), epoch_, ++sensor.sequence, frames.size(), frames);
    // A sensor has one batch of a few KiB on its way: the kernel takes it whole.
    if (SSL_write(sensor.ssl.get(), request_.data(), static_cast<int>(request_.size())) <= 0)
      fail("a batch could not be sent");
    sensor.sent_due = sensor.due.front();
    sensor.due.erase(sensor.due.begin());
  }

  /// True where the sensor's batch is acknowledged now.
  auto take_answer(Sensor &sensor, FleetResult &result) -> bool {
    auto part = std::array<char, 2048>{};
    auto const got = SSL_read(sensor.ssl.get(), part.data(), part.size());
    if (got <= 0) {
      if (SSL_get_error(sensor.ssl.get(), got) == SSL_ERROR_WANT_READ) return false;
      fail("a connection ended before its batch was acknowledged");
    }
    sensor.answer.append(part.data(), static_cast<std::size_t>(got));
    if (!is_whole(sensor.answer)) return false;
    if (!sensor.answer.starts_with("HTTP/1.1 200") || !sensor.answer.contains("\"acknowledged\":true")) {
      std::fprintf(stderr, "%s\n", sensor.answer.c_str());
      fail("a batch was refused");
    }
    ++result.acknowledged;
    if (sensor.answer.contains("\"duplicate\":true")) ++result.repeated;
    result.latencies.push_back(seconds_since(std::exchange(sensor.sent_due, {})));
    sensor.answer.clear();
    return true;
  }

  static auto is_whole(std::string_view answer) -> bool {
    auto const end = answer.find("\r\n\r\n");
    auto const at = answer.find("Content-Length: ");
    if (end == std::string_view::npos || at == std::string_view::npos) return false;
    return answer.size() >= end + 4 + std::strtoull(answer.data() + at + 16, nullptr, 10);
  }

  std::vector<net::Identity> const &identities_;
  std::vector<std::string> const &batches_;
  std::unique_ptr<SSL_CTX, FreeSsl> context_;
  FileDescriptor poller_{::epoll_create1(EPOLL_CLOEXEC)};
  std::vector<Sensor> sensors_;
  std::string request_;
  std::size_t next_batch_ = 0;
  std::uint64_t epoch_ = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(system_clock().now().time_since_epoch()).count());
};

}  // namespace noroshi::bench
