// Background work goes through a gate, so that its owner can wait until all of it has left before it goes itself.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>

namespace noroshi {

/// `if (auto const pass = gate.enter()) work();`  Thread-safe; the gate outlives its passes.
class Gate {
public:
  /// Held while work is inside; false where the gate was closed already.
  class [[nodiscard]] Pass {
  public:
    Pass(Pass &&other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    auto operator=(Pass &&other) noexcept -> Pass & {
      std::swap(gate_, other.gate_);
      return *this;
    }
    Pass(Pass const &) = delete;
    auto operator=(Pass const &) -> Pass & = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->leave();
    }
    explicit operator bool() const { return gate_ != nullptr; }

  private:
    friend class Gate;
    explicit Pass(Gate *gate) : gate_(gate) {}
    Gate *gate_;
  };

  Gate() = default;
  Gate(Gate const &) = delete;
  auto operator=(Gate const &) -> Gate & = delete;

  auto enter() -> Pass {
    auto const lock = std::scoped_lock{mutex_};
    if (closed_) return Pass{nullptr};
    ++inside_;
    return Pass{this};
  }

  /// Lets nobody in any more, without waiting: work inside can look at closed() and end early.
  void shut() {
    auto const lock = std::scoped_lock{mutex_};
    closed_ = true;
  }

  /// Shuts the gate and waits until everyone has left. Never call it while holding a pass.
  void close() {
    auto lock = std::unique_lock{mutex_};
    closed_ = true;
    empty_.wait(lock, [&] { return inside_ == 0; });
  }

  [[nodiscard]] auto closed() const -> bool {
    auto const lock = std::scoped_lock{mutex_};
    return closed_;
  }
  [[nodiscard]] auto inside() const -> std::size_t {
    auto const lock = std::scoped_lock{mutex_};
    return inside_;
  }

private:
  void leave() {
    auto const lock = std::scoped_lock{mutex_};
    // Notified under the lock: once close() has returned, the gate may be gone.
    if (--inside_ == 0) empty_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable empty_;
  std::size_t inside_ = 0;
  bool closed_ = false;
};

}  // namespace noroshi
