#include "base/timer_wheel.hpp"

#include <algorithm>

namespace noroshi {

TimerEntry::~TimerEntry() {
  if (wheel_ != nullptr) wheel_->cancel(*this);
}

TimerWheel::TimerWheel(TimePoint start, std::chrono::milliseconds tick) : start_(start), length_(tick) {
  for (auto &slot : slots_) slot.previous_ = slot.next_ = &slot;
  due_.previous_ = due_.next_ = &due_;
}

TimerWheel::~TimerWheel() {
  for (auto &slot : slots_)
    while (slot.next_ != &slot) cancel(*slot.next_);
  while (due_.next_ != &due_) cancel(*due_.next_);
}

void TimerWheel::link(Head &list, TimerEntry &entry) {
  entry.previous_ = list.previous_;
  entry.next_ = &list;
  list.previous_->next_ = &entry;
  list.previous_ = &entry;
}

void TimerWheel::unlink(TimerEntry &entry) {
  entry.previous_->next_ = entry.next_;
  entry.next_->previous_ = entry.previous_;
  entry.previous_ = entry.next_ = nullptr;
}

void TimerWheel::set(TimerEntry &entry, TimePoint deadline) {
  if (entry.wheel_ != nullptr) entry.wheel_->cancel(entry);
  auto const ticks = std::chrono::ceil<std::chrono::milliseconds>(deadline - start_) / length_;
  auto const whole = start_ + ticks * length_ >= deadline ? ticks : ticks + 1;
  entry.due_ = std::max(whole > 0 ? static_cast<std::uint64_t>(whole) : 0, tick_ + 1);
  entry.wheel_ = this;
  link(slots_[entry.due_ % kSlots], entry);
  ++size_;
}

void TimerWheel::cancel(TimerEntry &entry) {
  if (entry.wheel_ != this) return;
  unlink(entry);
  entry.wheel_ = nullptr;
  --size_;
}

void TimerWheel::collect_due(Head &slot) {
  for (auto *entry = slot.next_; entry != &slot;) {
    auto &candidate = *entry;
    entry = entry->next_;
    if (candidate.due_ > tick_) continue;
    unlink(candidate);
    link(due_, candidate);
  }
}

auto TimerWheel::advance(TimePoint now) -> std::size_t {
  if (now < start_) return 0;
  auto const target = static_cast<std::uint64_t>((now - start_) / length_);
  if (target <= tick_) return 0;
  // After a long pause every slot is looked at once, not once for each tick missed.
  auto const first = tick_ + 1;
  auto const slots = std::min<std::uint64_t>(target - tick_, kSlots);
  tick_ = target;
  for (auto i = std::uint64_t{0}; i < slots; ++i) collect_due(slots_[(first + i) % kSlots]);
  // One at a time from the front: expired() may take out or destroy any entry that still waits here.
  auto expired = std::size_t{0};
  while (due_.next_ != &due_) {
    auto &entry = *due_.next_;
    cancel(entry);
    ++expired;
    entry.expired();
  }
  return expired;
}

}  // namespace noroshi
