// The deadline of queries: DuckDB has none of its own, but a connection can be interrupted from another thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <duckdb.h>

namespace noroshi::know::duck {

/// One thread that interrupts connections whose query is past its deadline.
class Watchdog {
public:
  using Instant = std::chrono::steady_clock::time_point;

  Watchdog();
  ~Watchdog();
  Watchdog(Watchdog const &) = delete;
  auto operator=(Watchdog const &) -> Watchdog & = delete;

  void watch(duckdb_connection connection, Instant deadline);
  /// True where the deadline had passed. After this the connection is not interrupted any more.
  auto release(duckdb_connection connection) -> bool;

private:
  struct Watched {
    Instant deadline;
    bool passed = false;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<duckdb_connection, Watched> watched_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace noroshi::know::duck
