// The live tail: the latest observations that every store has, for whoever follows them as they come.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "understand/intake_log.hpp"

namespace noroshi::understand {

/// Where to go on reading: a batch's position in the intake log, and an observation's number within the batch, from 0.
/// Grows along the stream and survives restarts. Behind the last observation of batch 7 is {8, 0}.
struct TailPlace {
  std::uint64_t position = 0;
  std::uint64_t number = 0;
  auto operator<=>(TailPlace const &) const = default;
  /// "POSITION-NUMBER": the id of a server-sent event.
  [[nodiscard]] auto to_string() const -> std::string;
  static auto parse(std::string_view text) -> Result<TailPlace>;
};

/// Thread-safe. Batches are kept whole and shared: following costs nothing until somebody reads, and a reader that
/// falls behind holds nothing but its place.
class LiveTail {
public:
  /// Enough for a reader to come back after half a minute at 10,000 observations a second of 100 bytes.
  static constexpr auto kUsualBytes = std::size_t{32} << 20;
  explicit LiveTail(std::size_t bytes = kUsualBytes) : limit_(bytes) {}

  /// Everything up to `position` was published before, by an earlier run: nothing of it can be given.
  void begin_after(std::uint64_t position);
  /// In the order of positions.
  void publish(std::vector<std::shared_ptr<LogRecord const>> const &batches);

  /// A reader's place. Destroying it ends the wake-ups; no call to `wake` is running when the destructor has returned.
  class Reader {
  public:
    ~Reader();
    Reader(Reader const &) = delete;
    auto operator=(Reader const &) -> Reader & = delete;

    /// Called from the publisher's thread after something was published, and must not block.
    void on_more(std::function<void()> wake);
    struct Found {
      std::shared_ptr<LogRecord const> batch;  // null: nothing new
      std::uint64_t from = 0;                  // the first observation of it that is new to this reader
      bool missed = false;                     // between its place and this, others are no longer held
    };
    /// The batch at this reader's place, or the next one behind it. The place moves by go_on_from() alone, but where
    /// something was missed and nothing is held.
    auto next() -> Found;
    void go_on_from(TailPlace place) { place_ = place; }

  private:
    friend class LiveTail;
    Reader(LiveTail &tail, TailPlace place) : tail_(tail), place_(place) {}

    LiveTail &tail_;
    TailPlace place_;
    std::function<void()> wake_;
  };

  /// From that place on, or behind everything that is there now.
  auto follow(std::optional<TailPlace> place) -> std::unique_ptr<Reader>;

private:
  std::size_t const limit_;
  std::mutex mutex_;
  std::deque<std::shared_ptr<LogRecord const>> batches_;
  std::size_t bytes_ = 0;
  std::uint64_t gone_through_ = 0;       // batches up to this position are no longer held
  std::uint64_t published_through_ = 0;  // the last position there was
  std::list<Reader *> readers_;
};

}  // namespace noroshi::understand
