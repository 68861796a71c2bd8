// One event loop: accepts visitors, holds their visits, turns the timer wheel, writes the spool lane. One a core.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.hpp"
#include "sense/cast.hpp"
#include "sense/listener.hpp"
#include "sense/node_secret.hpp"
#include "sense/source_limits.hpp"
#include "sense/spool.hpp"
#include "sense/unknown_commands.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense {

/// What all loops of a process share. Everything in it is thread-safe or immutable.
struct Grounds {
  Cast const &cast;
  Spool &spool;
  SourceLimits &sources;
  UnknownCommands &unknown;
  VisitLimits limits;
  std::int64_t max_sessions = 10'000;
  Clock const &clock = system_clock();
  NodeSecret secret = {};             // chooses personas
  std::int64_t datagram_rate = 1000;  // recorded in a second by each loop
  std::atomic<std::int64_t> sessions{0};
};

class EventLoop {
public:
  /// `number` picks the spool lane. `grounds` outlives the loop.
  static auto create(Grounds &grounds, unsigned number) -> std::unique_ptr<EventLoop>;
  virtual ~EventLoop() = default;

  /// Before run(). The descriptor stays the caller's and outlives the loop.
  virtual void add_listener(int socket, ListenerSpec const &spec) = 0;
  /// Until stop(); then ends all visits, and closes the lane.
  virtual void run() = 0;
  /// From any thread; takes up to a tick of the wheel.
  virtual void stop() = 0;
};

}  // namespace noroshi::sense
