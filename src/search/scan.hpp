// What a hash cannot answer: all indicators are looked at, by several threads, while what they found is taken.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/queue.hpp"
#include "model/ports/indicator_store.hpp"

namespace noroshi::search {

/// Begins when it is made, and stops looking when it is destroyed. Taken from by one thread at a time.
class Scan {
public:
  struct Options {
    model::IndicatorFilter filter;  // slice and examine are the scan's own
    model::Viewer viewer;
    Time now{};
    unsigned threads = 0;  // 0: one a processor, but not more than 8
  };
  /// `store` outlives it.
  Scan(model::IndicatorStore &store, Options options);
  ~Scan();
  Scan(Scan const &) = delete;
  auto operator=(Scan const &) -> Scan & = delete;

  /// Some that were found, in no order; waits for them until `deadline`. Nothing: none came, or finished() is true.
  auto next(std::chrono::steady_clock::time_point deadline) -> std::optional<std::vector<model::ListedIndicator>>;
  /// Everything was looked at, or looking failed; and what was found was taken.
  [[nodiscard]] auto finished() const -> bool { return finished_; }
  [[nodiscard]] auto failure() const -> std::optional<Error>;

  /// Looked at so far. One that stands in several runs counts in each, so this can pass the number of indicators.
  [[nodiscard]] auto examined() const -> std::uint64_t { return examined_.load(std::memory_order_relaxed); }

private:
  void look(model::Slice slice);
  void fail_with(Error error);

  model::IndicatorStore &store_;
  Options options_;
  BoundedQueue<std::vector<model::ListedIndicator>> found_;
  std::atomic<std::uint64_t> examined_ = 0;
  std::atomic<unsigned> looking_ = 0;
  std::atomic<bool> stopping_ = false;
  bool finished_ = false;
  mutable std::mutex mutex_;  // of failure_
  std::optional<Error> failure_;
  std::vector<std::thread> threads_;
};

}  // namespace noroshi::search
