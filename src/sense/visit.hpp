// Visit: one visitor's connection, with everything a decoy could forget: deadlines, byte caps, the clock, the notes.
//
// Threads: a visit and its decoy's coroutine live on one event loop. Invariants: at most one wait is pending; a view
// that a read returned stays valid until the next read; memory for bytes is held only while there are some.
#pragma once

#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/task.hpp"
#include "base/time.hpp"
#include "model/observation.hpp"
#include "sense/stream.hpp"

namespace noroshi::sense {

class Decoy;
class Persona;
class Visit;

/// What a visit may use; every limit is set by the operator (`sense.…`).
struct VisitLimits {
  Duration total = std::chrono::minutes{10};  // the whole visit
  Duration idle = std::chrono::seconds{60};   // without a byte in either direction
  std::uint64_t bytes_in = std::uint64_t{4} << 20;
  std::uint64_t bytes_out = std::uint64_t{1} << 20;
  std::uint64_t noted_bytes = std::uint64_t{2} << 20;  // frames that one visit may add to the spool
};

/// Who came, to where. `destination` is the original one where a redirect was in between.
struct Encounter {
  model::Endpoint source;
  model::Endpoint destination;
  model::VisitId id;
};

/// What a visit needs from the event loop (or test) that holds it. Outlives the visit.
class VisitHost {
public:
  virtual ~VisitHost() = default;
  [[nodiscard]] virtual auto clock() const -> Clock const & = 0;
  virtual auto frame_arena() -> FrameArena & = 0;
  /// Spare memory for bytes: an empty string with room in it. Give it back when it is empty again.
  virtual auto lend_buffer() -> std::string = 0;
  virtual void take_back(std::string buffer) = 0;
  /// Takes over whole frames. False where there was no room: they are lost.
  virtual auto spool(std::string_view frames, std::uint64_t count) -> bool = 0;
  /// Calls visit.on_timer() at or soon after `when`, once; replaces an earlier request.
  virtual void wake(Visit &visit, std::chrono::steady_clock::time_point when) = 0;
  /// The coroutine has ended: the visit may be destroyed, from within this call too.
  virtual void visit_ended(Visit &visit) = 0;
  virtual auto random() -> std::uint64_t = 0;
  /// The decoy that a visit is handed to, or nullptr.
  [[nodiscard]] virtual auto decoy(std::string_view name) const -> Decoy const * = 0;
  /// A command that no decoy knew, for the operator's list of what to build next.
  virtual void unknown_command(std::string_view command) = 0;
};

/// Why a visit ended, as its `closed` note says it.
enum class Ending : std::uint8_t { none, decoy, visitor, reset, idle, deadline, bytes_in, bytes_out, shutdown, defect };
auto to_string(Ending ending) -> std::string_view;

class Visit final : private StreamWaiter {
public:
  /// `service` names `decoy` as its registry does.
  Visit(VisitHost &host, Stream &stream, Encounter const &encounter, VisitLimits const &limits, Decoy const &decoy,
        std::string_view service);
  Visit(Visit const &) = delete;
  auto operator=(Visit const &) -> Visit & = delete;
  ~Visit();

  // What the host calls.
  /// Begins the conversation. May end it too, and with it this object (VisitHost::visit_ended).
  void start();
  void on_timer();
  /// Ends the conversation, with `shutdown` as its reason, and with it this object.
  void stop();
  auto stream() -> Stream & { return stream_; }

  // What a decoy calls. Reads and replies fail once the visit has ended (visitor gone, deadline, cap): pass that on.
  class ReadWait;
  class ReplyWait;
  class PauseWait;
  /// At least one byte, at most what is there.
  auto read_some() -> ReadWait;
  /// Up to and with the delimiter (which must outlive the wait). Without one among `max` bytes: too_large, and the
  /// bytes stay unread.
  auto read_until(std::string_view delimiter, std::size_t max) -> ReadWait;
  auto read_exact(std::size_t size) -> ReadWait;
  /// What is there and stays unread: `size` bytes, or fewer where no more came `within` that time or the visitor closed
  /// its side. Fails only where the visit ended and nothing is there.
  auto peek(std::size_t size, Duration within) -> ReadWait;
  /// Sends all. `bytes` must stay valid while awaited.
  auto reply(std::string_view bytes) -> ReplyWait;
  auto pause(Duration duration) -> PauseWait;

  /// Fills in time, visit, sequence, addresses and service, and keeps the observation. Never fails: past the caps it is
  /// counted, and the visit says so when it ends.
  void note(model::Observation &seen);
  /// When the present decoy's conversation returns, that of `decoy` follows, with all bytes still unread.
  void hand_over(std::string_view decoy) { next_decoy_ = decoy; }
  void note_unknown_command(std::string_view command) { host_.unknown_command(command); }

  [[nodiscard]] auto unread() const -> std::string_view { return std::string_view{unread_}.substr(consumed_); }
  [[nodiscard]] auto encounter() const -> Encounter const & { return encounter_; }
  [[nodiscard]] auto now() const -> Time { return host_.clock().now(); }
  [[nodiscard]] auto random() -> std::uint64_t { return host_.random(); }
  [[nodiscard]] auto ending() const -> Ending { return ending_; }
  auto frame_arena() -> FrameArena & { return host_.frame_arena(); }

private:
  enum class Want : std::uint8_t { nothing, some, until, exact, peek, reply, pause };
  using SteadyTime = std::chrono::steady_clock::time_point;

  auto converse() -> Task<void>;
  void stream_ready() override;
  void resume();

  // One wait: begin() settles it at once where it can; else suspend() and stream_ready() or on_timer() settle it.
  auto begin(Want want, std::size_t size, std::string_view text, Duration within) -> bool;
  void suspend(std::coroutine_handle<> waiting);
  auto settled() -> bool;
  auto read_settled() -> bool;
  auto reply_settled() -> bool;
  auto enough_unread() -> bool;
  auto fill() -> StreamStep::State;
  auto read_result() -> Result<std::string_view>;
  auto end_error() -> Error;
  void end(Ending ending);
  [[nodiscard]] auto wake_time() const -> SteadyTime;

  void keep(model::Observation &seen);
  void note_opened();
  void note_closed();
  void flush_notes();

  VisitHost &host_;
  Stream &stream_;
  Encounter encounter_;
  VisitLimits const &limits_;
  Decoy const *decoy_;
  std::string_view service_;
  std::string_view next_decoy_;
  std::optional<Task<void>> task_;

  std::string unread_;        // bytes read off the stream and not yet consumed
  std::size_t consumed_ = 0;  // bytes at its front that the decoy was given
  std::string notes_;         // encoded frames until the next wait
  std::coroutine_handle<> waiting_;
  std::string_view text_;    // the delimiter, or what is left of a reply
  std::size_t size_ = 0;     // of the present want
  std::size_t scanned_ = 0;  // bytes that hold no delimiter for sure
  SteadyTime began_;
  SteadyTime active_;      // last byte in either direction
  SteadyTime wait_until_;  // of a peek or pause
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::uint64_t noted_bytes_ = 0;
  std::uint32_t sequence_ = 0;
  std::uint32_t pending_notes_ = 0;
  std::uint32_t lost_notes_ = 0;
  std::uint16_t waits_after_end_ = 0;
  Want want_ = Want::nothing;
  Ending ending_ = Ending::none;
  bool peer_closed_ = false;  // its side only: what came before may still be unread
  bool wait_over_ = false;    // wait_until_ has passed

  friend class ReadWait;
  friend class ReplyWait;
  friend class PauseWait;
};

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

inline auto Visit::read_some() -> ReadWait { return {*this, Want::some, 1, {}, {}}; }
inline auto Visit::read_until(std::string_view delimiter, std::size_t max) -> ReadWait {
  return {*this, Want::until, max, delimiter, {}};
}
inline auto Visit::read_exact(std::size_t size) -> ReadWait { return {*this, Want::exact, size, {}, {}}; }
inline auto Visit::peek(std::size_t size, Duration within) -> ReadWait { return {*this, Want::peek, size, {}, within}; }
inline auto Visit::reply(std::string_view bytes) -> ReplyWait { return {*this, bytes}; }
inline auto Visit::pause(Duration duration) -> PauseWait { return {*this, duration}; }

}  // namespace noroshi::sense
