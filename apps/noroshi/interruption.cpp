#include "apps/noroshi/interruption.hpp"

#include <pthread.h>

namespace noroshi::apps {

namespace {

// Wakes the thread that waits for signals, when there is nothing to wait for any more.
constexpr auto kWake = SIGUSR2;

}  // namespace

Interruption::Interruption() {
  ::sigemptyset(&signals_);
  for (auto const number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now{};
    ::sigaction(number, nullptr, &now);
    if (now.sa_handler != SIG_IGN) ::sigaddset(&signals_, number);  // nohup, and what a script starts with &
  }
  auto blocked = signals_;
  ::sigaddset(&blocked, kWake);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before_);
}

Interruption::~Interruption() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

Interruption::Watch::Watch(Interruption const &interruption, std::function<void()> tidy)
    : signals_(interruption.signals_), tidy_(std::move(tidy)), thread_([this] { wait(); }) {}

Interruption::Watch::~Watch() {
  over_ = true;
  ::pthread_kill(thread_.native_handle(), kWake);
  thread_.join();
}

void Interruption::Watch::wait() const {
  auto awaited = signals_;
  ::sigaddset(&awaited, kWake);
  while (!over_) {
    auto number = 0;
    if (::sigwait(&awaited, &number) != 0 || number == kWake) continue;
    ::pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
    tidy_();
    ::signal(number, SIG_DFL);
    ::raise(number);
  }
}

}  // namespace noroshi::apps
