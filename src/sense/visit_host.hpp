// What holds a visit, as the visit sees it: its limits, who came, and the services of the event loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/task.hpp"
#include "base/time.hpp"
#include "model/observation.hpp"

namespace noroshi::sense {

class Decoy;
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
  model::Transport transport = model::Transport::tcp;
  std::string_view persona = {};  // where the listener names one; outlives the visit
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

}  // namespace noroshi::sense
