// What a detector remembers of the sources seen last: one table of fixed size, whatever the traffic.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include <xxhash.h>

#include "model/ip.hpp"

namespace noroshi::understand {

/// A State for each of the latest sources. An address belongs to one set of kWays slots; where the set is full, the
/// source that was quiet for longest is forgotten. The hash is keyed, so nobody can choose addresses of one set.
template <class State>
class RecentSources {
public:
  /// Sources at work within an hour: the busiest published sensor networks see a tenth of that.
  static constexpr auto kLimit = std::size_t{65'536};
  static constexpr auto kWays = std::size_t{8};

  /// The source's state; a fresh one where it is new, or was forgotten.
  auto at(model::IpAddress address) -> State & {
    if (slots_.empty()) slots_.resize(kLimit);  // a node without visitors holds nothing
    std::uint64_t const key[] = {address.high(), address.low()};
    auto *const set = &slots_[XXH3_64bits_withSeed(key, sizeof key, seed_) % (kLimit / kWays) * kWays];
    auto *chosen = set;
    for (auto *slot = set; slot != set + kWays; ++slot) {
      if (slot->touched != 0 && slot->address == address) {
        slot->touched = ++clock_;
        return slot->state;
      }
      if (slot->touched < chosen->touched) chosen = slot;
    }
    *chosen = Slot{address, ++clock_, State{}};
    return chosen->state;
  }

private:
  struct Slot {
    model::IpAddress address;
    std::uint64_t touched = 0;  // 0: free
    State state{};
  };
  std::vector<Slot> slots_;
  std::uint64_t clock_ = 0;
  std::uint64_t seed_ = std::uint64_t{std::random_device{}()} << 32 | std::random_device{}();
};

/// A stretch of time that begins with the first event in it.
class Window {
public:
  /// True where `time` lies in another window than the event before, so that counting begins anew. Clocks of sensors
  /// differ and logs are imported late, so time may also go back.
  auto begins(Time time, Duration length) -> bool {
    if (started_ && time < start_ + length && start_ < time + length) return false;
    start_ = time;
    started_ = true;
    return true;
  }

private:
  Time start_{};
  bool started_ = false;
};

}  // namespace noroshi::understand
