// The only file of `sense` that includes Asio.
#include "sense/event_loop.hpp"

#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <list>
#include <system_error>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/metrics.hpp"
#include "base/timer_wheel.hpp"
#include "sense/frame_pool.hpp"
#include "sense/socket_address.hpp"

namespace noroshi::sense {
namespace {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

/// Connections taken before others get their turn.
constexpr auto kAcceptBatch = 64;
/// Ready handlers between two writes of the lane: a flood must not delay what was noted.
constexpr auto kHandlerBatch = 256;
/// Without descriptors or memory, accepting is tried again with this many ticks between.
constexpr auto kPauseTicks = 2;
/// What one getentropy(2) may give: 256 bytes.
constexpr auto kRandomBlock = std::size_t{32};
/// Visits get this long to end at shutdown; their sockets are cancelled, so it only takes their last handlers.
constexpr auto kShutdownTime = std::chrono::seconds{2};

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

/// A connection and its visit. Deletes itself when the visit ends; no wait is pending then.
class Session final : public Stream, public TimerEntry {
public:
  Session(Loop &loop, int socket, Encounter const &encounter, Decoy const &decoy, std::string_view service,
          SourceLimits::Ticket const &ticket);
  ~Session() override;

  auto try_read(char *to, std::size_t size) -> StreamStep override;
  auto try_write(std::string_view bytes) -> StreamStep override;
  void when_readable(StreamWaiter &waiter) override { wait(Descriptor::wait_read, waiter); }
  void when_writable(StreamWaiter &waiter) override { wait(Descriptor::wait_write, waiter); }
  void cancel() override;
  void expired() override { visit_.on_timer(); }

  auto visit() -> Visit & { return visit_; }
  std::list<Session *>::iterator place;
  SourceLimits::Ticket ticket;

private:
  void wait(Descriptor::wait_type what, StreamWaiter &waiter);
  static auto step_of(ssize_t moved) -> StreamStep;

  int socket_;
  Descriptor descriptor_;  // takes the socket over at the first wait: many visitors leave before
  Visit visit_;
};

class Loop final : public EventLoop, public VisitHost {
public:
  Loop(Grounds &grounds, unsigned number)
      : grounds_(grounds),
        lane_(grounds.spool.lane(number)),
        wheel_(std::chrono::steady_clock::now()),
        context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE),
        tick_(context_) {}

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

  auto context() -> asio::io_context & { return context_; }
  auto limits() -> VisitLimits const & { return grounds_.limits; }

private:
  struct Door {
    Descriptor descriptor;
    ListenerSpec spec;
    Decoy const *decoy;
    std::string_view service;
    int pause_ticks = 0;
  };
  void watch(Door &door);
  void accept_some(Door &door);
  void welcome(Door &door, int socket, model::Endpoint const &source);
  void on_tick();
  void schedule_tick();
  void run_batch();
  void end_all();

  Grounds &grounds_;
  SpoolLane &lane_;
  FramePool frames_;
  BufferPool buffers_;
  TimerWheel wheel_;
  asio::io_context context_;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> tick_;
  std::list<Door> doors_;
  std::list<Session *> sessions_;
  std::array<std::uint64_t, kRandomBlock> random_{};
  std::size_t random_left_ = 0;
  std::atomic<bool> stopping_{false};
};

Session::Session(Loop &loop, int socket, Encounter const &encounter, Decoy const &decoy, std::string_view service,
                 SourceLimits::Ticket const &source_ticket)
    : ticket(source_ticket),
      socket_(socket),
      descriptor_(loop.context()),
      visit_(loop, *this, encounter, loop.limits(), decoy, service) {}

Session::~Session() {
  if (!descriptor_.is_open()) ::close(socket_);
}

auto Session::step_of(ssize_t moved) -> StreamStep {
  if (moved > 0) return {StreamStep::State::done, static_cast<std::size_t>(moved)};
  if (moved == 0) return {StreamStep::State::closed, 0};
  return {errno == EAGAIN || errno == EINTR ? StreamStep::State::would_block : StreamStep::State::failed, 0};
}

auto Session::try_read(char *to, std::size_t size) -> StreamStep { return step_of(::recv(socket_, to, size, 0)); }

auto Session::try_write(std::string_view bytes) -> StreamStep {
  return step_of(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

void Session::wait(Descriptor::wait_type what, StreamWaiter &waiter) {
  if (!descriptor_.is_open()) descriptor_.assign(socket_);
  // Whatever the outcome, the visit looks again: a cancelled wait finds its deadline passed.
  descriptor_.async_wait(what, [&waiter](boost::system::error_code const & /*error*/) { waiter.stream_ready(); });
}

void Session::cancel() {
  auto ignored = boost::system::error_code{};
  descriptor_.cancel(ignored);
}

auto session_of(Visit &visit) -> Session & { return static_cast<Session &>(visit.stream()); }

Loop::~Loop() {
  for (auto *const session : sessions_) delete session;  // those that did not end in time
  for (auto &door : doors_)
    if (door.descriptor.is_open()) door.descriptor.release();  // it is the caller's
}

void Loop::add_listener(int socket, ListenerSpec const &spec) {
  auto const *const decoy = grounds_.cast.find(spec.decoy, spec.persona);
  doors_.push_back({Descriptor{context_, socket}, spec, decoy, grounds_.cast.service(spec.decoy)});
}

void Loop::watch(Door &door) {
  door.descriptor.async_wait(Descriptor::wait_read, [this, &door](boost::system::error_code const &error) {
    if (!error) accept_some(door);
  });
}

void Loop::accept_some(Door &door) {
  for (auto i = 0; i < kAcceptBatch; ++i) {
    auto peer = SocketAddress{};
    auto const socket =
        ::accept4(door.descriptor.native_handle(), peer.get(), peer.room(), SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      welcome(door, socket, peer.endpoint());
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The connection stays in the backlog, and the listener stays readable: waiting for it would spin.
      accept_pauses.add();
      door.pause_ticks = kPauseTicks;
      return;
    } else if (errno == EAGAIN) {
      break;
    }  // else: that one connection was broken off before we came
  }
  watch(door);
}

void Loop::welcome(Door &door, int socket, model::Endpoint const &source) {
  if (grounds_.sessions.fetch_add(1, std::memory_order_relaxed) >= grounds_.max_sessions) {
    grounds_.sessions.fetch_sub(1, std::memory_order_relaxed);
    refused_sessions.add();
    ::close(socket);
    return;
  }
  auto const admission = grounds_.sources.admit(source.address, std::chrono::steady_clock::now());
  if (admission.verdict != SourceLimits::Verdict::admitted) {
    grounds_.sessions.fetch_sub(1, std::memory_order_relaxed);
    (admission.verdict == SourceLimits::Verdict::too_many ? refused_source : refused_rate).add();
    ::close(socket);
    return;
  }
  auto const destination = original_destination(socket, source.address.is_v4());
  auto const id = model::Uuid::v7(grounds_.clock.now(), random(), random());
  auto *const session =
      new Session{*this, socket, Encounter{source, destination, id}, *door.decoy, door.service, admission.ticket};
  session->place = sessions_.insert(sessions_.end(), session);
  visits_total.add();
  sessions_now.add(1);
  session->visit().start();
}

void Loop::wake(Visit &visit, std::chrono::steady_clock::time_point when) { wheel_.set(session_of(visit), when); }

void Loop::visit_ended(Visit &visit) {
  auto &session = session_of(visit);
  if (visit.ending() == Ending::defect) defects.add();
  sessions_.erase(session.place);
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

void Loop::schedule_tick() {
  tick_.expires_after(TimerWheel::kTick);
  tick_.async_wait([this](boost::system::error_code const &error) {
    if (!error) on_tick();
  });
}

void Loop::on_tick() {
  auto const now = std::chrono::steady_clock::now();
  wheel_.advance(now);
  lane_.seal_if_due(now);
  for (auto &door : doors_)
    if (door.pause_ticks > 0 && --door.pause_ticks == 0) watch(door);
  schedule_tick();
}

void Loop::run_batch() {
  context_.run_one();
  for (auto i = 0; i < kHandlerBatch && context_.poll_one() > 0; ++i) {
  }
  lane_.flush();
}

void Loop::run() {
  for (auto &door : doors_) watch(door);
  schedule_tick();
  while (!stopping_) run_batch();
  end_all();
  lane_.close();
}

void Loop::end_all() {
  for (auto &door : doors_) door.descriptor.release();
  for (auto next = sessions_.begin(); next != sessions_.end();) (*next++)->visit().stop();
  auto const until = std::chrono::steady_clock::now() + kShutdownTime;
  while (!sessions_.empty() && std::chrono::steady_clock::now() < until) run_batch();
}

}  // namespace

auto EventLoop::create(Grounds &grounds, unsigned number) -> std::unique_ptr<EventLoop> {
  return std::make_unique<Loop>(grounds, number);
}

}  // namespace noroshi::sense
