// Datagrams: what comes to a UDP listener. Each is a visit of its own that begins and ends within one call, so senders
// (whose addresses anyone can forge) cost no memory; nothing is ever sent.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "sense/event_loop.hpp"
#include "sense/visit_host.hpp"
#include "sense/wardrobe.hpp"

namespace noroshi::sense {

/// So many tokens a second, and no more than a second's worth at once.
class TokenBucket {
public:
  explicit TokenBucket(std::int64_t per_second) : per_second_(per_second), left_(per_second) {}
  auto take(std::chrono::steady_clock::time_point now) -> bool;

private:
  std::int64_t per_second_;
  std::int64_t left_;
  std::chrono::steady_clock::time_point filled_;
};

/// One UDP socket of one event loop; used on its thread. `loop` and `grounds` outlive it; the socket stays the
/// caller's.
class DatagramDoor {
public:
  DatagramDoor(VisitHost &loop, Grounds &grounds, int socket, ListenerSpec const &spec);
  DatagramDoor(DatagramDoor const &) = delete;
  auto operator=(DatagramDoor const &) -> DatagramDoor & = delete;
  ~DatagramDoor();

  /// Reads and records one batch. More may wait: the socket stays readable then.
  void receive();

private:
  struct Batch;
  void record(std::string_view bytes, model::Endpoint const &source, model::IpAddress const &destination);
  auto admit(model::IpAddress const &source) -> bool;

  VisitHost &loop_;
  Grounds &grounds_;
  int socket_;
  ListenerSpec spec_;
  std::string_view service_;
  Wardrobe wardrobe_;
  TokenBucket bucket_;
  VisitLimits limits_;
  std::unique_ptr<Batch> batch_;
  std::uint32_t overflowed_ = 0;  // datagrams that the kernel had no room for, as it last said
};

}  // namespace noroshi::sense
