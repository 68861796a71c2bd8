// What a visit's awaiting functions return. Included by visit.hpp alone, which is what others include.
#pragma once

#include "sense/visit.hpp"

namespace noroshi::sense {

/// What the awaiting functions return: no coroutine frame of their own.
class Visit::ReadWait {
public:
  auto await_ready() -> bool { return visit_.begin(want_, size_, delimiter_, within_); }
  void await_suspend(std::coroutine_handle<> waiting) { visit_.suspend(waiting); }
  auto await_resume() -> Result<std::string_view> { return visit_.read_result(); }

private:
  friend class Visit;
  ReadWait(Visit &visit, Want want, std::size_t size, std::string_view delimiter, Duration within)
      : visit_(visit), want_(want), size_(size), delimiter_(delimiter), within_(within) {}
  Visit &visit_;
  Want want_;
  std::size_t size_;
  std::string_view delimiter_;
  Duration within_;
};

class Visit::ReplyWait {
public:
  auto await_ready() -> bool { return visit_.begin(Want::reply, 0, bytes_, {}); }
  void await_suspend(std::coroutine_handle<> waiting) { visit_.suspend(waiting); }
  auto await_resume() -> Result<void>;

private:
  friend class Visit;
  ReplyWait(Visit &visit, std::string_view bytes) : visit_(visit), bytes_(bytes) {}
  Visit &visit_;
  std::string_view bytes_;
};

class Visit::PauseWait {
public:
  auto await_ready() -> bool { return visit_.begin(Want::pause, 0, {}, duration_); }
  void await_suspend(std::coroutine_handle<> waiting) { visit_.suspend(waiting); }
  auto await_resume() -> Result<void>;

private:
  friend class Visit;
  PauseWait(Visit &visit, Duration duration) : visit_(visit), duration_(duration) {}
  Visit &visit_;
  Duration duration_;
};

class Visit::TlsWait {
public:
  auto await_ready() -> bool { return visit_.begin(Want::handshake, 0, {}, {}); }
  void await_suspend(std::coroutine_handle<> waiting) { visit_.suspend(waiting); }
  auto await_resume() -> Result<void>;

private:
  friend class Visit;
  explicit TlsWait(Visit &visit) : visit_(visit) {}
  Visit &visit_;
};

inline auto Visit::read_some() -> ReadWait { return {*this, Want::some, 1, {}, {}}; }
inline auto Visit::read_until(std::string_view delimiter, std::size_t max) -> ReadWait {
  return {*this, Want::until, max, delimiter, {}};
}
inline auto Visit::read_exact(std::size_t size) -> ReadWait { return {*this, Want::exact, size, {}, {}}; }
inline auto Visit::peek(std::size_t size, Duration within) -> ReadWait { return {*this, Want::peek, size, {}, within}; }
inline auto Visit::reply(std::string_view bytes) -> ReplyWait { return {*this, bytes}; }
inline auto Visit::pause(Duration duration) -> PauseWait { return {*this, duration}; }

}  // namespace noroshi::sense
