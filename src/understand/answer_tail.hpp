// The latest answers of watches, for whoever follows them as they come. The book has all; this has what a follower that
// is awake needs.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "model/ports/watch_book.hpp"

namespace noroshi::understand {

/// Thread-safe.
class AnswerTail {
public:
  /// A follower that is further behind reads the book: some megabytes at most.
  static constexpr auto kHeld = std::size_t{10'000};

  /// Everything up to `id` was answered before.
  void begin_after(std::int64_t id);
  /// In the order of ids.
  void publish(std::vector<model::WatchAnswer> answers);

  /// A follower's place. No call to `wake` is running when the destructor has returned.
  class Reader {
  public:
    ~Reader();
    Reader(Reader const &) = delete;
    auto operator=(Reader const &) -> Reader & = delete;
    /// Called from the publisher's thread; must not block.
    void on_more(std::function<void()> wake);
    struct Found {
      std::shared_ptr<model::WatchAnswer const> answer;  // null: nothing new
      bool missed = false;                               // answers behind its place are no longer held: ask the book
    };
    auto next() -> Found;

  private:
    friend class AnswerTail;
    Reader(AnswerTail &tail, std::int64_t after) : tail_(tail), after_(after) {}
    AnswerTail &tail_;
    std::int64_t after_;
    std::function<void()> wake_;
  };
  auto follow(std::int64_t after) -> std::unique_ptr<Reader>;

private:
  std::mutex mutex_;
  std::deque<std::shared_ptr<model::WatchAnswer const>> answers_;
  std::int64_t gone_through_ = 0;  // answers up to this one are not held
  std::list<Reader *> readers_;
};

}  // namespace noroshi::understand
