// Visit: one visitor's connection, with everything a decoy could forget: deadlines, byte caps, the clock, the notes.
//
// Threads: a visit and its decoy's coroutine live on one event loop. Invariants: at most one wait is pending; a view
// that a read returned stays valid until the next read; memory for bytes is held only while there are some.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/task.hpp"
#include "base/time.hpp"
#include "model/observation.hpp"
#include "sense/stream.hpp"
#include "sense/visit_host.hpp"

namespace noroshi::sense {

class Decoy;
class Persona;
class TlsContext;
class TlsStream;

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
  class TlsWait;
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
  /// The visitor will see the connection reset, not closed.
  void reset_at_end() { stream_.reset_at_end(); }
  /// From here on the connection speaks TLS: the unread bytes are its first, and reads and replies are of what is
  /// inside. Ends with the handshake; malformed with OpenSSL's reason where the visitor broke it (then only a return is
  /// of use). Once a visit. Byte caps and counts stay those of the wire. `context` outlives the visit.
  auto start_tls(TlsContext const &context) -> TlsWait;

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
  /// nullptr before start_tls().
  [[nodiscard]] auto tls() const -> TlsStream const * { return tls_.get(); }
  auto frame_arena() -> FrameArena & { return host_.frame_arena(); }

private:
  enum class Want : std::uint8_t { nothing, some, until, exact, peek, reply, pause, handshake };
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
  // The wire: the stream itself, with counts and caps. What a decoy reads and writes is that, or TLS on top of it.
  class Wire;
  auto read_wire(char *to, std::size_t size) -> StreamStep;
  auto write_wire(std::string_view bytes) -> StreamStep;
  auto read_top(char *to, std::size_t size) -> StreamStep;
  auto write_top(std::string_view bytes) -> StreamStep;
  [[nodiscard]] auto top() -> Stream &;
  void put_on_tls(TlsContext const &context);
  auto handshake_settled() -> bool;
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
  std::unique_ptr<TlsStream> tls_;
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
  friend class TlsWait;
};

}  // namespace noroshi::sense

#include "sense/visit_waits.hpp"  // IWYU pragma: export
