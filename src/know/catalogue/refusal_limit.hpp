// How much of the audit the refusals of one kind may fill: whoever guesses codes shall not fill the disk with it.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/time.hpp"

namespace noroshi::know {

/// Counts refusals in windows of a minute. At most kInAll names are held. Thread-safe.
class RefusalLimit {
public:
  static constexpr auto kOfOne = 5U;
  static constexpr auto kInAll = 50U;

  /// True where a refusal of this one is still to be noted; it is counted then.
  auto may_note(std::string const &whose, Time now) -> bool {
    auto const lock = std::lock_guard{mutex_};
    // A clock that was set back begins a new window too.
    if (now < began_ || now - began_ > std::chrono::minutes{1}) {
      began_ = now;
      noted_.clear();
      all_ = 0;
    }
    if (all_ >= kInAll) return false;
    auto &of_one = noted_[whose];
    if (of_one >= kOfOne) return false;
    ++of_one;
    ++all_;
    return true;
  }

private:
  std::mutex mutex_;
  Time began_{};
  std::map<std::string, unsigned> noted_;
  unsigned all_ = 0;
};

}  // namespace noroshi::know
