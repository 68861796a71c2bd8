// Task<T>: a lazy coroutine. It starts when awaited (or by start()), and resumes its awaiter when done.
// Frames come from an arena where one of the coroutine's parameters offers one (a Visit does), else from the heap, so a
// decoy's conversation costs no malloc and runs in tests and fuzzers without an event loop.
// Not thread-safe: a task and all that it awaits live on one thread at a time.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <new>
#include <optional>
#include <utility>

namespace noroshi {

/// Where coroutine frames come from. `release` gets the size that `allocate` was asked for.
class FrameArena {
public:
  virtual ~FrameArena() = default;
  virtual auto allocate(std::size_t size) -> void * = 0;
  virtual void release(void *frame, std::size_t size) = 0;
};

template <class T>
concept OffersFrameArena = requires(T &offering) {
  { offering.frame_arena() } -> std::convertible_to<FrameArena &>;
};

namespace detail {

/// A frame carries its arena in front, so that `operator delete` finds the way back. 16 bytes keep the frame aligned.
inline constexpr auto kFrameHeader = std::size_t{16};

inline auto allocate_frame(FrameArena *arena, std::size_t size) -> void * {
  auto const whole = size + kFrameHeader;
  auto *const block = static_cast<std::byte *>(arena != nullptr ? arena->allocate(whole) : ::operator new(whole));
  *reinterpret_cast<FrameArena **>(block) = arena;
  return block + kFrameHeader;
}

inline void release_frame(void *frame, std::size_t size) {
  auto *const block = static_cast<std::byte *>(frame) - kFrameHeader;
  auto *const arena = *reinterpret_cast<FrameArena **>(block);
  if (arena != nullptr)
    arena->release(block, size + kFrameHeader);
  else
    ::operator delete(block, size + kFrameHeader);
}

template <class Argument>
auto arena_of(Argument &argument) -> FrameArena * {
  if constexpr (OffersFrameArena<Argument>) return &argument.frame_arena();
  return nullptr;
}

class PromiseBase {
public:
  template <class... Arguments>
  static auto operator new(std::size_t size, Arguments &...arguments) -> void * {
    FrameArena *arena = nullptr;
    (void)((arena = arena_of(arguments), arena != nullptr) || ...);
    return allocate_frame(arena, size);
  }
  static void operator delete(void *frame, std::size_t size) { release_frame(frame, size); }

  auto initial_suspend() noexcept -> std::suspend_always { return {}; }

  struct FinalAwaiter {
    auto await_ready() noexcept -> bool { return false; }
    template <class Promise>
    auto await_suspend(std::coroutine_handle<Promise> finished) noexcept -> std::coroutine_handle<> {
      auto const next = finished.promise().continuation_;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  auto final_suspend() noexcept -> FinalAwaiter { return {}; }

  void unhandled_exception() { failure_ = std::current_exception(); }
  void rethrow() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

  std::coroutine_handle<> continuation_;

private:
  std::exception_ptr failure_;
};

template <class T>
class Promise final : public PromiseBase {
public:
  auto get_return_object() { return std::coroutine_handle<Promise>::from_promise(*this); }
  template <class U>
  void return_value(U &&value) {
    value_.emplace(std::forward<U>(value));
  }
  auto take() -> T {
    rethrow();
    return std::move(*value_);
  }

private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
public:
  auto get_return_object() { return std::coroutine_handle<Promise>::from_promise(*this); }
  void return_void() {}
  void take() { rethrow(); }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task(Handle handle) : handle_(handle) {}  // NOLINT(google-explicit-constructor): get_return_object converts
  Task(Task &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  auto operator=(Task &&other) noexcept -> Task & {
    if (this != &other) {
      destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  Task(Task const &) = delete;
  auto operator=(Task const &) -> Task & = delete;
  ~Task() { destroy(); }

  struct Awaiter {
    Handle handle;
    auto await_ready() const noexcept -> bool { return false; }
    auto await_suspend(std::coroutine_handle<> awaiting) noexcept -> std::coroutine_handle<> {
      handle.promise().continuation_ = awaiting;
      return handle;
    }
    auto await_resume() -> T { return handle.promise().take(); }
  };
  auto operator co_await() && noexcept -> Awaiter { return Awaiter{handle_}; }

  /// Runs the task up to its first suspension without an awaiter; `done()` tells when it ended, `take()` what it gave.
  void start() { handle_.resume(); }
  [[nodiscard]] auto done() const -> bool { return handle_.done(); }
  auto take() -> T { return handle_.promise().take(); }

private:
  void destroy() {
    if (handle_) handle_.destroy();
  }
  Handle handle_;
};

}  // namespace noroshi
