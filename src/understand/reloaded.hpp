// What is read from files, and read again when they change: a reader keeps what it began with.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace noroshi::understand {

/// Thread-safe. One thread reads files at a time; whoever asks meanwhile gets what was read before.
template <class Snapshot>
class Reloaded {
public:
  using Pointer = std::shared_ptr<Snapshot const>;

  /// The present one; the first that asks makes it by `read()`.
  template <class Read>
  auto current(Read const &read) const -> Pointer {
    if (auto const present = get()) return present;
    auto const one_reader = std::lock_guard{reading_};
    if (auto present = get()) return present;
    return put(read());
  }

  /// Puts what `renew(before)` gives in place of the present one; null leaves it. Returns whether it was replaced.
  template <class Renew>
  auto renew(Renew const &renew) -> bool {
    auto const one_reader = std::lock_guard{reading_};
    auto next = renew(get());
    return next != nullptr && put(std::move(next)) != nullptr;
  }

private:
  auto get() const -> Pointer {
    auto const lock = std::lock_guard{mutex_};
    return present_;
  }
  auto put(Pointer next) const -> Pointer {
    auto const lock = std::lock_guard{mutex_};
    return present_ = std::move(next);
  }

  mutable std::mutex mutex_;  // short: the pointer
  mutable std::mutex reading_;
  mutable Pointer present_;  // made when first asked for
};

}  // namespace noroshi::understand
