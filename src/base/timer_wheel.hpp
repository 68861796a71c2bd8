// Deadlines by the ten thousand: a hashed timing wheel (Varghese and Lauck 1987, scheme 6) with intrusive entries.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace noroshi {

class TimerWheel;

/// One deadline; a Visit has one. Leaves its wheel when it goes. Not movable: the wheel points to it.
class TimerEntry {
public:
  TimerEntry() = default;
  TimerEntry(TimerEntry const &) = delete;
  auto operator=(TimerEntry const &) -> TimerEntry & = delete;
  virtual ~TimerEntry();

  /// Called by TimerWheel::advance() when the deadline has passed; the entry is no longer in the wheel then. May set or
  /// cancel any entry, and may destroy any, this one too.
  virtual void expired() = 0;
  [[nodiscard]] auto is_set() const -> bool { return wheel_ != nullptr; }

private:
  friend class TimerWheel;
  TimerWheel *wheel_ = nullptr;
  TimerEntry *previous_ = nullptr;
  TimerEntry *next_ = nullptr;
  std::uint64_t due_ = 0;
};

/// Setting and cancelling cost O(1). An entry expires at the first advance() at or after its deadline, rounded up to a
/// tick: never early. Not thread-safe: one event loop, one wheel. An entry may outlive the wheel.
class TimerWheel {
public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr auto kTick = std::chrono::milliseconds{100};

  explicit TimerWheel(TimePoint start, std::chrono::milliseconds tick = kTick);
  TimerWheel(TimerWheel const &) = delete;
  auto operator=(TimerWheel const &) -> TimerWheel & = delete;
  ~TimerWheel();

  /// Puts the entry in, or moves it where it is in already. A deadline in the past expires with the next tick.
  void set(TimerEntry &entry, TimePoint deadline);
  /// Takes the entry out; nothing happens where it is not in.
  void cancel(TimerEntry &entry);
  /// Expires all that is due; to be called about every tick. Returns how many expired. Not to be called from expired().
  auto advance(TimePoint now) -> std::size_t;
  /// Entries waiting.
  [[nodiscard]] auto size() const -> std::size_t { return size_; }

private:
  // 51.2 s a turn of the usual tick: a decoy's deadlines expire in the first turn, a longer one is looked at once a
  // turn.
  static constexpr auto kSlots = std::size_t{512};

  /// Ends of the circular lists.
  class Head final : public TimerEntry {
    void expired() override {}
  };
  static void link(Head &list, TimerEntry &entry);
  static void unlink(TimerEntry &entry);
  void collect_due(Head &slot);

  TimePoint start_;
  std::chrono::milliseconds length_;
  std::uint64_t tick_ = 0;
  std::size_t size_ = 0;
  std::array<Head, kSlots> slots_;
  Head due_;
};

}  // namespace noroshi
