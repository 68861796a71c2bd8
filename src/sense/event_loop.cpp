// Plain epoll: one registration a session and no buffers of its own (docs/decisions/epoll-in-sense.md).
#include "sense/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <list>
#include <optional>
#include <system_error>

#include "base/metrics.hpp"
#include "base/timer_wheel.hpp"
#include "sense/datagrams.hpp"
#include "sense/frame_pool.hpp"
#include "sense/socket_address.hpp"
#include "sense/wardrobe.hpp"

namespace noroshi::sense {
namespace {

/// Connections taken before others get their turn, and before what their visits noted is written.
constexpr auto kAcceptBatch = 16;
/// Ready sessions between two writes of the lane: a flood must not delay what was noted.
constexpr auto kReadyBatch = 256;
/// A decoy's pauses are as long as the real program's: the last part of a wait is measured with a finer tick.
constexpr auto kFineTick = std::chrono::milliseconds{2};
constexpr auto kFineSpan = std::chrono::milliseconds{250};
/// Without descriptors or memory, accepting is tried again with this many ticks between.
constexpr auto kPauseTicks = 2;
/// What one getentropy(2) may give: 256 bytes.
constexpr auto kRandomBlock = std::size_t{32};

Counter const visits_total{"noroshi_visits_total", "Visits begun."};
Counter const refused_sessions{"noroshi_visits_refused_total", "Connections closed at once, by cap.", "cap",
                               "sessions"};
Counter const refused_source{"noroshi_visits_refused_total", "Connections closed at once, by cap.", "cap",
                             "source_sessions"};
Counter const refused_rate{"noroshi_visits_refused_total", "Connections closed at once, by cap.", "cap", "source_rate"};
Counter const accept_pauses{"noroshi_accept_pauses_total", "Times that accepting stopped for want of descriptors."};
Counter const defects{"noroshi_visit_defects_total", "Visits that ended with an exception of their decoy."};
Gauge const sessions_now{"noroshi_sessions", "Visits held now."};

class Loop;

/// What epoll points to.
class Watched {
public:
  virtual void ready() = 0;

protected:
  ~Watched() = default;
};

/// A connection and its visit. The loop deletes it when the visit ends.
class Session final : public Watched, public Stream, public TimerEntry {
public:
  Session(Loop &loop, int socket, Encounter const &encounter, Decoy const &decoy, std::string_view service,
          SourceLimits::Ticket const &source_ticket);
  ~Session() override { ::close(socket_); }  // which leaves epoll too

  auto try_read(char *to, std::size_t size) -> StreamStep override { return step_of(::recv(socket_, to, size, 0)); }
  auto try_write(std::string_view bytes) -> StreamStep override;
  auto send(std::string_view bytes) const -> StreamStep {
    return step_of(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  void when_readable(StreamWaiter &waiter) override { wait(EPOLLIN | EPOLLRDHUP | EPOLLET, waiter); }
  void when_writable(StreamWaiter &waiter) override { wait(EPOLLIN | EPOLLRDHUP | EPOLLET | EPOLLOUT, waiter); }
  void reset_at_end() override {
    auto const at_once = linger{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  void ready() override {
    if (auto *const waiter = std::exchange(waiter_, nullptr)) waiter->stream_ready();
  }
  void expired() override;

  auto visit() -> Visit & { return visit_; }
  std::chrono::steady_clock::time_point due;  // of the visit's next wake
  std::size_t place = 0;                      // among the loop's sessions
  SourceLimits::Ticket ticket;

private:
  void wait(std::uint32_t events, StreamWaiter &waiter);
  static auto step_of(ssize_t moved) -> StreamStep {
    if (moved > 0) return {StreamStep::State::done, static_cast<std::size_t>(moved)};
    if (moved == 0) return {StreamStep::State::closed, 0};
    return {errno == EAGAIN || errno == EINTR ? StreamStep::State::would_block : StreamStep::State::failed, 0};
  }

  Loop &loop_;
  StreamWaiter *waiter_ = nullptr;
  int socket_;
  std::uint32_t events_ = 0;  // that epoll tells; none until the first wait, as many visitors leave before
  Visit visit_;
};

class Loop final : public EventLoop, public VisitHost {
public:
  Loop(Grounds &grounds, unsigned number)
      : grounds_(grounds),
        lane_(grounds.spool.lane(number)),
        wheel_(std::chrono::steady_clock::now()),
        fine_wheel_(std::chrono::steady_clock::now(), kFineTick),
        poller_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!poller_.valid()) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
  }
  ~Loop() override;

  void add_listener(int socket, ListenerSpec const &spec) override;
  void run() override;
  void stop() override { stopping_ = true; }

  // VisitHost
  [[nodiscard]] auto clock() const -> Clock const & override { return grounds_.clock; }
  auto frame_arena() -> FrameArena & override { return frames_; }
  auto lend_buffer() -> std::string override { return buffers_.lend(); }
  void take_back(std::string buffer) override { buffers_.take_back(std::move(buffer)); }
  auto spool(std::string_view frames, std::uint64_t count) -> bool override { return lane_.append(frames, count); }
  void wake(Visit &visit, std::chrono::steady_clock::time_point when) override;
  void visit_ended(Visit &visit) override;
  auto random() -> std::uint64_t override;
  [[nodiscard]] auto decoy(std::string_view name) const -> Decoy const * override {
    return grounds_.cast.find(name, {});
  }
  void unknown_command(std::string_view command) override { grounds_.unknown.count(command); }

  // For sessions
  /// What was noted goes to the kernel before the answer to it does: a kill in between must not leave an answer without
  /// its note.
  void keep_notes() { lane_.flush(); }
  auto limits() -> VisitLimits const & { return grounds_.limits; }
  /// Adds the descriptor to epoll, or changes what it is watched for. False where the kernel has no memory for it.
  auto watch(int descriptor, int operation, std::uint32_t events, Watched &watched) -> bool;

private:
  struct Door final : public Watched {
    Door(Loop &of, int descriptor, ListenerSpec const &words);
    void ready() override { datagrams ? datagrams->receive() : loop.accept_some(*this); }
    Loop &loop;
    int socket;
    ListenerSpec spec;
    Wardrobe wardrobe;
    std::string_view service;
    std::unique_ptr<DatagramDoor> datagrams;  // where visitors send datagrams
    int pause_ticks = 0;
  };
  void open(Door &door) {
    if (!watch(door.socket, EPOLL_CTL_ADD, EPOLLIN | EPOLLEXCLUSIVE, door)) door.pause_ticks = kPauseTicks;
  }
  void accept_some(Door &door);
  void welcome(Door &door, int socket, model::Endpoint const &source);
  auto admit(model::IpAddress const &source) -> std::optional<SourceLimits::Ticket>;
  void run_batch();
  void tick(std::chrono::steady_clock::time_point now);
  void end_all();

  Grounds &grounds_;
  SpoolLane &lane_;
  FramePool frames_;
  BufferPool buffers_;
  TimerWheel wheel_;
  TimerWheel fine_wheel_;
  FileDescriptor poller_;
  std::list<Door> doors_;
  std::vector<Session *> sessions_;
  std::chrono::steady_clock::time_point next_tick_;
  std::array<std::uint64_t, kRandomBlock> random_{};
  std::size_t random_left_ = 0;
  std::atomic<bool> stopping_{false};
};

Session::Session(Loop &loop, int socket, Encounter const &encounter, Decoy const &decoy, std::string_view service,
                 SourceLimits::Ticket const &source_ticket)
    : ticket(source_ticket),
      loop_(loop),
      socket_(socket),
      visit_(loop, *this, encounter, loop.limits(), decoy, service) {}

/// Edge-triggered: a visit always tries before it waits, so an edge in between is not lost, and one registration serves
/// the whole visit.
void Session::wait(std::uint32_t events, StreamWaiter &waiter) {
  waiter_ = &waiter;
  if ((events_ & events) == events) return;
  // Unwatched for want of memory, the visit ends at its idle deadline.
  if (loop_.watch(socket_, events_ == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, events, *this)) events_ = events;
}

auto Session::try_write(std::string_view bytes) -> StreamStep {
  loop_.keep_notes();
  return send(bytes);
}

void Session::expired() {
  if (std::chrono::steady_clock::now() < due) return loop_.wake(visit_, due);
  visit_.on_timer();
}

auto session_of(Visit &visit) -> Session & { return static_cast<Session &>(visit.stream()); }

Loop::Door::Door(Loop &of, int descriptor, ListenerSpec const &words)
    : loop(of),
      socket(descriptor),
      spec(words),
      wardrobe(of.grounds_.cast, of.grounds_.secret, words),
      service(of.grounds_.cast.service(words.decoy)) {
  if (words.transport == model::Transport::udp)
    datagrams = std::make_unique<DatagramDoor>(of, of.grounds_, descriptor, words);
}

Loop::~Loop() {
  for (auto *const session : sessions_) delete session;  // those that did not end in time
}

void Loop::add_listener(int socket, ListenerSpec const &spec) { doors_.emplace_back(*this, socket, spec); }

auto Loop::watch(int descriptor, int operation, std::uint32_t events, Watched &watched) -> bool {
  auto event = epoll_event{};
  event.events = events;
  event.data.ptr = &watched;
  return ::epoll_ctl(poller_.get(), operation, descriptor, &event) == 0;
}

void Loop::accept_some(Door &door) {
  for (auto i = 0; i < kAcceptBatch; ++i) {
    auto peer = SocketAddress{};
    auto const socket = ::accept4(door.socket, peer.get(), peer.room(), SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      welcome(door, socket, peer.endpoint());
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The connection stays in the backlog, and the listener stays readable: waiting for it would spin.
      accept_pauses.add();
      ::epoll_ctl(poller_.get(), EPOLL_CTL_DEL, door.socket, nullptr);
      door.pause_ticks = kPauseTicks;
      return;
    } else if (errno == EAGAIN) {
      return;
    }  // else: that one connection was broken off before we came
  }
}

auto Loop::admit(model::IpAddress const &source) -> std::optional<SourceLimits::Ticket> {
  using Verdict = SourceLimits::Verdict;
  if (grounds_.sessions.fetch_add(1, std::memory_order_relaxed) < grounds_.max_sessions) {
    auto const admission = grounds_.sources.admit(source, std::chrono::steady_clock::now());
    if (admission.verdict == Verdict::admitted) return admission.ticket;
    (admission.verdict == Verdict::too_many ? refused_source : refused_rate).add();
  } else {
    refused_sessions.add();
  }
  grounds_.sessions.fetch_sub(1, std::memory_order_relaxed);
  return std::nullopt;
}

void Loop::welcome(Door &door, int socket, model::Endpoint const &source) {
  auto owned = FileDescriptor{socket};
  auto const ticket = admit(source.address);
  if (!ticket) return;
  auto const destination = original_destination(socket, source.address.is_v4(), door.spec.endpoint);
  auto const &[decoy, persona] = door.wardrobe.at(destination.address);
  auto const encounter = Encounter{source, destination, model::Uuid::v7(grounds_.clock.now(), random(), random()),
                                   model::Transport::tcp, persona};
  auto *const session = new Session{*this, owned.release(), encounter, *decoy, door.service, *ticket};
  session->place = sessions_.size();
  sessions_.push_back(session);
  visits_total.add();
  sessions_now.add(1);
  session->visit().start();
}

void Loop::wake(Visit &visit, std::chrono::steady_clock::time_point when) {
  auto &session = session_of(visit);
  session.due = when;
  if (when - std::chrono::steady_clock::now() <= kFineSpan)
    fine_wheel_.set(session, when);
  else
    wheel_.set(session, when - kFineSpan);
}

void Loop::visit_ended(Visit &visit) {
  auto &session = session_of(visit);
  if (visit.ending() == Ending::defect) defects.add();
  sessions_[session.place] = sessions_.back();
  sessions_[session.place]->place = session.place;
  sessions_.pop_back();
  grounds_.sources.release(session.ticket);
  grounds_.sessions.fetch_sub(1, std::memory_order_relaxed);
  sessions_now.add(-1);
  delete &session;
}

auto Loop::random() -> std::uint64_t {
  if (random_left_ == 0) {
    // A block at a time: a system call for each number would cost as much as the rest of a visit's beginning.
    if (::getentropy(random_.data(), sizeof random_) != 0)
      throw std::system_error{errno, std::generic_category(), "getentropy"};
    random_left_ = random_.size();
  }
  return random_[--random_left_];
}

/// Nothing in a batch destroys another session than its own, so the pointers of a batch stay good.
void Loop::run_batch() {
  auto ready = std::array<epoll_event, kReadyBatch>{};
  auto left = std::chrono::ceil<std::chrono::milliseconds>(next_tick_ - std::chrono::steady_clock::now());
  if (fine_wheel_.size() > 0) left = std::min(left, kFineTick);
  auto const count = ::epoll_wait(poller_.get(), ready.data(), static_cast<int>(ready.size()),
                                  static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  for (auto i = 0; i < count; ++i) static_cast<Watched *>(ready[static_cast<std::size_t>(i)].data.ptr)->ready();
  auto const now = std::chrono::steady_clock::now();
  if (fine_wheel_.size() > 0) fine_wheel_.advance(now);
  if (now >= next_tick_) tick(now);
  lane_.flush();
}

void Loop::tick(std::chrono::steady_clock::time_point now) {
  next_tick_ = now + TimerWheel::kTick;
  wheel_.advance(now);
  lane_.seal_if_due(now);
  for (auto &door : doors_)
    if (door.pause_ticks > 0 && --door.pause_ticks == 0) open(door);
}

void Loop::run() {
  for (auto &door : doors_) open(door);
  while (!stopping_) run_batch();
  end_all();
  lane_.close();
}

void Loop::end_all() {
  for (auto &door : doors_) {
    if (door.pause_ticks == 0) ::epoll_ctl(poller_.get(), EPOLL_CTL_DEL, door.socket, nullptr);
    door.pause_ticks = 0;
  }
  while (!sessions_.empty()) sessions_.back()->visit().stop();
}

}  // namespace

auto EventLoop::create(Grounds &grounds, unsigned number) -> std::unique_ptr<EventLoop> {
  return std::make_unique<Loop>(grounds, number);
}

}  // namespace noroshi::sense
