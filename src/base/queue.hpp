// A bounded queue between threads: a full one makes the sender wait, or tells it so.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace noroshi {

/// Any number of senders and receivers, first in, first out. Closing wakes everyone: nothing more goes in, what is
/// inside still comes out. Thread-safe; destroy it only when nobody waits in it.
template <class T>
class BoundedQueue {
public:
  /// At most `capacity` (1 or more) items wait inside.
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}
  BoundedQueue(BoundedQueue const &) = delete;
  auto operator=(BoundedQueue const &) -> BoundedQueue & = delete;

  /// Waits for room. False, and the item is dropped, where the queue is closed.
  [[nodiscard]] auto push(T item) -> bool {
    auto lock = std::unique_lock{mutex_};
    room_.wait(lock, [&] { return closed_ || items_.size() < capacity_; });
    return put(lock, std::move(item));
  }

  /// Never waits. False where the queue is full or closed; the item is then still the caller's.
  [[nodiscard]] auto try_push(T &&item) -> bool {
    auto lock = std::unique_lock{mutex_};
    if (items_.size() >= capacity_) return false;
    return put(lock, std::move(item));
  }

  /// Waits for an item. Nothing where the queue is closed and empty.
  [[nodiscard]] auto pop() -> std::optional<T> {
    auto lock = std::unique_lock{mutex_};
    filled_.wait(lock, [&] { return closed_ || !items_.empty(); });
    return take(lock);
  }

  /// Waits until `deadline` at most. Nothing where none came, or the queue is closed and empty.
  [[nodiscard]] auto pop_until(std::chrono::steady_clock::time_point deadline) -> std::optional<T> {
    auto lock = std::unique_lock{mutex_};
    filled_.wait_until(lock, deadline, [&] { return closed_ || !items_.empty(); });
    return take(lock);
  }

  /// Never waits.
  [[nodiscard]] auto try_pop() -> std::optional<T> {
    auto lock = std::unique_lock{mutex_};
    return take(lock);
  }

  void close() {
    {
      auto const lock = std::scoped_lock{mutex_};
      closed_ = true;
    }
    room_.notify_all();
    filled_.notify_all();
  }

  [[nodiscard]] auto closed() const -> bool {
    auto const lock = std::scoped_lock{mutex_};
    return closed_;
  }
  [[nodiscard]] auto size() const -> std::size_t {
    auto const lock = std::scoped_lock{mutex_};
    return items_.size();
  }

private:
  auto put(std::unique_lock<std::mutex> &lock, T &&item) -> bool {
    if (closed_) return false;
    items_.push_back(std::move(item));
    lock.unlock();
    filled_.notify_one();
    return true;
  }

  auto take(std::unique_lock<std::mutex> &lock) -> std::optional<T> {
    if (items_.empty()) return std::nullopt;
    auto item = std::optional<T>{std::move(items_.front())};
    items_.pop_front();
    lock.unlock();
    room_.notify_one();
    return item;
  }

  std::size_t const capacity_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable filled_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace noroshi
