// Stream: a connection as a visit sees it, small enough that tests and fuzzers script one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace noroshi::sense {

/// What one attempt to read or write came to.
struct StreamStep {
  enum class State : std::uint8_t {
    done,         // `bytes` were moved, at least one
    would_block,  // nothing now: wait
    closed,       // the peer has ended its side in order
    failed,       // reset, or an error that ends the connection
  };
  State state = State::would_block;
  std::size_t bytes = 0;
};

/// Who wants to know that a wait is over.
class StreamWaiter {
public:
  /// The stream may be ready: look again.
  virtual void stream_ready() = 0;

protected:
  ~StreamWaiter() = default;
};

/// Non-blocking, one thread at a time. At most one wait is pending; whoever waits has tried before.
class Stream {
public:
  virtual ~Stream() = default;
  virtual auto try_read(char *to, std::size_t size) -> StreamStep = 0;
  virtual auto try_write(std::string_view bytes) -> StreamStep = 0;
  /// Calls the waiter once, later and never from within this call. A new wait replaces the one before.
  virtual void when_readable(StreamWaiter &waiter) = 0;
  virtual void when_writable(StreamWaiter &waiter) = 0;
  /// When the connection ends, the peer sees it reset: as where a program left bytes unread.
  virtual void reset_at_end() {}
};

}  // namespace noroshi::sense
