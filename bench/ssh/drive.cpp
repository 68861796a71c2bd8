#include "bench/ssh/drive.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <chrono>
#include <memory>

#include "bench/loopback.hpp"

namespace noroshi::bench {
namespace {

constexpr auto kInFlight = 32;      // fewer than the smallest listen queue: Cowrie's has 50
constexpr auto kPatience = 30'000;  // milliseconds without anything from a server

struct Connection {
  int socket;
  std::string out;
  SshConversation conversation;
  Connection(std::uint16_t port, SshVisitor const &visitor, SshGoal goal)
      : socket(connect_to_loopback(port)), conversation(visitor, goal, out) {
    auto const now = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
  }
};

class Driver {
public:
  Driver(std::uint16_t port, SshVisitor const &visitor, SshGoal goal) : port_(port), visitor_(visitor), goal_(goal) {}
  Driver(Driver const &) = delete;
  auto operator=(Driver const &) -> Driver & = delete;
  ~Driver() { ::close(poller_); }

  /// `reached` is given each socket whose conversation is where it wanted to be.
  template <class Reached>
  void run(int count, Reached reached) {
    auto started = 0;
    auto done = 0;
    for (; started < std::min(kInFlight, count); ++started) begin();
    auto ready = std::array<epoll_event, kInFlight>{};
    while (done < count) {
      auto const events = ::epoll_wait(poller_, ready.data(), static_cast<int>(ready.size()), kPatience);
      if (events <= 0) fail("a server says nothing");
      for (auto i = 0; i < events; ++i) {
        auto *const connection = static_cast<Connection *>(ready[static_cast<std::size_t>(i)].data.ptr);
        if (!turn(*connection)) continue;
        reached(connection->socket);
        delete connection;
        ++done;
        if (started < count) {
          begin();
          ++started;
        }
      }
    }
  }

private:
  void begin() {
    auto *const connection = std::make_unique<Connection>(port_, visitor_, goal_).release();  // epoll holds it
    auto event = epoll_event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;  // asked for once; the first is that it is connected
    event.data.ptr = connection;
    ::epoll_ctl(poller_, EPOLL_CTL_ADD, connection->socket, &event);
  }

  /// Whether it reached its goal.
  auto turn(Connection &connection) -> bool {
    auto outcome = SshConversation::Outcome::goes_on;
    for (auto more = true; more;) {
      auto const got = ::recv(connection.socket, bytes_.data(), bytes_.size(), 0);
      if (got == 0) fail("a server closed a connection");
      if (got < 0 && errno != EAGAIN && errno != ENOTCONN) fail("a server reset a connection");
      more = got == static_cast<ssize_t>(bytes_.size());
      if (got > 0)
        outcome = connection.conversation.hear({bytes_.data(), static_cast<std::size_t>(got)}, connection.out);
    }
    if (outcome == SshConversation::Outcome::refused) fail("a server refused a conversation");
    if (outcome == SshConversation::Outcome::reached) return true;
    if (connection.out.empty()) return false;
    auto const sent = ::send(connection.socket, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent > 0) connection.out.erase(0, static_cast<std::size_t>(sent));
    return false;
  }

  std::uint16_t port_;
  SshVisitor const &visitor_;
  SshGoal goal_;
  int poller_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::array<char, 16'384> bytes_{};
};

}  // namespace

auto visits_a_second(std::uint16_t port, SshVisitor const &visitor, SshGoal goal, int count) -> double {
  auto const from = std::chrono::steady_clock::now();
  Driver{port, visitor, goal}.run(count, [](int socket) { reset_close(socket); });
  return count / std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

auto hold_shells(std::uint16_t port, SshVisitor const &visitor, int count) -> std::vector<int> {
  auto sockets = std::vector<int>{};
  Driver{port, visitor, SshGoal::shell}.run(count, [&](int socket) { sockets.push_back(socket); });
  return sockets;
}

}  // namespace noroshi::bench
