// What the network benchmarks share: servers as child processes, plain sockets on loopback, pinned cores.
#pragma once

#include <netinet/in.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"

namespace noroshi::bench {

[[noreturn]] inline void fail(char const *why) {
  std::fprintf(stderr, "%s\n", why);
  std::exit(1);
}

inline void pin_to_core(unsigned core) {
  auto cores = cpu_set_t{};
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  (void)::sched_setaffinity(0, sizeof cores, &cores);  // on one core both share it, and the ratio still means something
}

inline auto loopback(std::uint16_t port) -> sockaddr_in {
  auto address = sockaddr_in{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

inline auto listen_on_loopback() -> int {
  auto const listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  auto const address = loopback(0);
  if (::bind(listener, reinterpret_cast<sockaddr const *>(&address), sizeof address) != 0 ||
      ::listen(listener, 4096) != 0)
    fail("cannot listen on loopback");
  return listener;
}

inline auto port_of(int socket) -> std::uint16_t {
  auto address = sockaddr_in{};
  auto size = socklen_t{sizeof address};
  ::getsockname(socket, reinterpret_cast<sockaddr *>(&address), &size);
  return ntohs(address.sin_port);
}

inline auto connect_to_loopback(std::uint16_t port) -> int {
  auto const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  auto const address = loopback(port);
  if (socket < 0 ||
      (::connect(socket, reinterpret_cast<sockaddr const *>(&address), sizeof address) != 0 && errno != EINPROGRESS))
    fail("cannot connect");
  return socket;
}

inline void reset_close(int socket) {
  auto const now = linger{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(socket);
}

inline void send_port(int to, std::uint16_t port) { (void)!::write(to, &port, sizeof port); }

/// A child process that serves until this object goes.
class Server {
public:
  template <class Serve>
  explicit Server(Serve serve) {
    auto port_pipe = std::array<int, 2>{};
    auto life_pipe = std::array<int, 2>{};
    if (::pipe(port_pipe.data()) != 0 || ::pipe(life_pipe.data()) != 0) fail("cannot make a pipe");
    child_ = ::fork();
    if (child_ < 0) fail("cannot fork");
    if (child_ == 0) {
      ::close(life_pipe[1]);
      serve(port_pipe[1], life_pipe[0]);
      ::_exit(0);
    }
    ::close(life_pipe[0]);
    ::close(port_pipe[1]);
    lifeline_ = life_pipe[1];
    if (::read(port_pipe[0], &port_, sizeof port_) != sizeof port_) fail("the server did not start");
    ::close(port_pipe[0]);
  }
  Server(Server const &) = delete;
  auto operator=(Server const &) -> Server & = delete;
  ~Server() { stop(); }
  /// Ends it; the processor seconds that it used.
  auto stop() -> double {
    if (child_ < 0) return 0;
    ::close(lifeline_);
    auto status = 0;
    auto usage = rusage{};
    ::wait4(child_, &status, 0, &usage);
    child_ = -1;
    if (status != 0) fail("the server ended badly");
    auto const seconds = [](timeval const &time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  [[nodiscard]] auto port() const -> std::uint16_t { return port_; }
  [[nodiscard]] auto process() const -> pid_t { return child_; }

private:
  pid_t child_ = -1;
  int lifeline_ = -1;
  std::uint16_t port_ = 0;
};

inline auto option(int argc, char **argv, std::string_view name, int otherwise) -> int {
  for (auto i = 1; i + 1 < argc; ++i)
    if (argv[i] == name) return std::atoi(argv[i + 1]);
  return otherwise;
}

inline auto temporary_folder() -> std::string {
  auto pattern = (std::filesystem::temp_directory_path() / "noroshi-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) fail("cannot make a temporary folder");
  return pattern;
}

inline auto median(std::vector<double> values) -> double {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace noroshi::bench
