// The signals that end a long-running command, blocked so that one thread waits for them in order.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace noroshi::apps {

/// Blocks SIGINT and SIGTERM in this thread and all that it starts later, and ignores SIGPIPE.
inline auto block_ending_signals() -> sigset_t {
  auto signals = sigset_t{};
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

}  // namespace noroshi::apps
