// Memory for an event loop's many small, short-lived things: coroutine frames and byte buffers.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "base/task.hpp"

namespace noroshi::sense {

/// Frames by size class, so that one visit's frame is the next one's. One thread.
class FramePool final : public FrameArena {
public:
  FramePool() = default;
  FramePool(FramePool const &) = delete;
  auto operator=(FramePool const &) -> FramePool & = delete;
  ~FramePool() override {
    for (auto &spares : spares_)
      for (auto *const frame : spares) ::operator delete(frame);
  }

  auto allocate(std::size_t size) -> void * override {
    auto const number = class_of(size);
    if (number >= kClasses) return ::operator new(size);
    auto &spares = spares_[number];
    if (spares.empty()) return ::operator new((number + 1) * kStep);
    auto *const frame = spares.back();
    spares.pop_back();
    return frame;
  }
  void release(void *frame, std::size_t size) override {
    auto const number = class_of(size);
    if (number >= kClasses || spares_[number].size() >= kMaxSpares) return ::operator delete(frame);
    spares_[number].push_back(frame);
  }

private:
  static constexpr auto kStep = std::size_t{64};
  static constexpr auto kClasses = std::size_t{64};  // up to 4 KiB; larger frames are rare
  /// Kept after a rush of visitors; what is above goes back to the heap, so that a loop shrinks again.
  static constexpr auto kMaxSpares = std::size_t{64};
  static auto class_of(std::size_t size) -> std::size_t { return (size - 1) / kStep; }
  std::array<std::vector<void *>, kClasses> spares_;
};

/// Strings with room for one read, lent while bytes are pending. One thread.
class BufferPool {
public:
  auto lend() -> std::string {
    if (spares_.empty()) {
      auto buffer = std::string{};
      buffer.reserve(kRoom);
      return buffer;
    }
    auto buffer = std::move(spares_.back());
    spares_.pop_back();
    return buffer;
  }
  void take_back(std::string buffer) {
    if (spares_.size() >= kMaxSpares || buffer.capacity() < kRoom || buffer.capacity() > kMaxRoom) return;
    buffer.clear();
    spares_.push_back(std::move(buffer));
  }

private:
  static constexpr auto kRoom = std::size_t{4096};
  static constexpr auto kMaxRoom = std::size_t{32} << 10;  // one that grew for a flood is not kept
  static constexpr auto kMaxSpares = std::size_t{64};
  std::vector<std::string> spares_;
};

}  // namespace noroshi::sense
