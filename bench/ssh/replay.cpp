#include "bench/ssh/replay.hpp"

#include <sys/epoll.h>
#include <unordered_map>

#include "bench/loopback.hpp"
#include "codec/ssh/auth.hpp"
#include "codec/ssh/wire.hpp"

namespace noroshi::bench {
namespace {

namespace ssh = codec::ssh;
using ssh::Message;

/// What is said once so many bytes were heard in all.
struct Line {
  std::size_t heard = 0;
  std::string said;
};

auto exchange_reply(std::string_view point) -> std::string {
  auto blob = std::string{};
  ssh::append_string(blob, "ssh-ed25519");
  ssh::append_string(blob, std::string(32, 'k'));
  auto signature = std::string{};
  ssh::append_string(signature, "ssh-ed25519");
  ssh::append_string(signature, std::string(64, 's'));
  auto reply = ssh::begin_message(Message::kex_second);
  for (auto const &text : {blob, std::string{point}, signature}) ssh::append_string(reply, text);
  return reply;
}

/// A whole log-in, said once to find out what there is to say.
auto record(SshVisitor const &visitor) -> std::vector<Line> {
  auto script = std::vector<Line>{};
  auto heard = std::string{};
  auto client = SshConversation{visitor, SshGoal::login, heard};
  auto writer = ssh::PacketWriter{[](std::span<char> to) { std::ranges::fill(to, '\0'); }};
  auto const say = [&](std::string said) {
    script.push_back({heard.size(), std::move(said)});
    (void)client.hear(script.back().said, heard);
  };
  auto said = std::string{"SSH-2.0-replay\r\n"};
  writer.write(visitor.kexinit, said);
  say(std::move(said));
  said = {};
  writer.write(exchange_reply(visitor.point), said);  // any point does: the client's own is one
  writer.write(ssh::begin_message(Message::newkeys), said);
  say(std::move(said));
  writer.use(client.server_out(), false);
  for (auto const &payload : {ssh::service_accept("ssh-userauth"), ssh::auth_success()}) {
    said = {};
    writer.write(payload, said);
    say(std::move(said));
  }
  return script;
}

struct Progress {
  std::size_t heard = 0, lines = 0;
};

}  // namespace

void serve_replay(int port_out, int lifeline, SshVisitor const &visitor) {
  auto const script = record(visitor);
  auto const listener = listen_on_loopback();
  auto const poller = ::epoll_create1(EPOLL_CLOEXEC);
  auto const watch = [&](int socket) {
    auto event = epoll_event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    ::epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event);
  };
  watch(listener);
  watch(lifeline);
  send_port(port_out, port_of(listener));
  auto talks = std::unordered_map<int, Progress>{};
  auto ready = std::array<epoll_event, 64>{};
  auto bytes = std::array<char, 16'384>{};
  for (;;) {
    auto const count = ::epoll_wait(poller, ready.data(), static_cast<int>(ready.size()), -1);
    for (auto i = 0; i < count; ++i) {
      auto const socket = ready[static_cast<std::size_t>(i)].data.fd;
      if (socket == lifeline) return;
      if (socket == listener) {
        for (auto next = -1; (next = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
          watch(next);
          talks[next] = {};
        }
        continue;
      }
      auto &progress = talks[socket];
      auto const got = ::recv(socket, bytes.data(), bytes.size(), 0);
      if (got <= 0) {
        ::close(socket);
        continue;
      }
      progress.heard += static_cast<std::size_t>(got);
      if (progress.lines < script.size() && progress.heard >= script[progress.lines].heard) {
        auto const &said = script[progress.lines++].said;
        (void)!::send(socket, said.data(), said.size(), MSG_NOSIGNAL);
      }
    }
  }
}

}  // namespace noroshi::bench
