// What a command tidies up when somebody ends it: Ctrl-C, kill, a closed terminal.
#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <thread>

namespace noroshi::apps {

/// Blocks SIGINT, SIGTERM and SIGHUP (those that are not ignored) in this thread and all that it starts later, so it
/// comes before any other thread. They wait for a Watch, or for the end of this.
class Interruption {
public:
  Interruption();
  Interruption(Interruption const &) = delete;
  auto operator=(Interruption const &) -> Interruption & = delete;
  ~Interruption();

  /// While it lives, a signal calls `tidy` in a thread of its own, then the program ends by that signal. A second
  /// signal ends it at once. One at a time.
  class Watch {
  public:
    Watch(Interruption const &interruption, std::function<void()> tidy);
    Watch(Watch const &) = delete;
    auto operator=(Watch const &) -> Watch & = delete;
    ~Watch();

  private:
    void wait() const;

    sigset_t signals_;
    std::function<void()> tidy_;
    std::atomic<bool> over_ = false;
    std::thread thread_;
  };

private:
  sigset_t signals_{}, before_{};
};

}  // namespace noroshi::apps
