// Held sessions: how many bytes each costs while its visitor is silent at the telnet log-in.
// Two processes. Bytes each = growth of the server's resident memory + the kernel's part (bench/kernel_memory.hpp).
//
// sessions_bench [--connections N]
#include <sys/resource.h>
#include <chrono>
#include <cinttypes>
#include <thread>

#include "bench/kernel_memory.hpp"
#include "bench/loopback.hpp"
#include "sense/run.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::bench;

void serve(int port_out, int lifeline, std::string const &spool) {
  auto const config = Config::load(
      "", false,
      {"sense.listen=telnet:127.0.0.1:0", "sense.loops=1", "sense.source_rate=0", "sense.source_sessions=1000000",
       "sense.max_sessions=1000000", "sense.visit_idle=10min", "log.level=error"});
  auto options = sense::RunOptions{};
  options.spool_folder = spool;
  options.packs_folder = NOROSHI_SOURCE_DIR "/packs";
  options.lifeline = lifeline;
  options.ready = [&](auto const &listeners, auto const &) { send_port(port_out, listeners[0].endpoint.port); };
  if (!config || !sense::run_decoys(*config, options)) std::exit(3);
}

/// Connects and waits for the banner, so that the session is really held.
auto hold(std::uint16_t port, int count) -> std::vector<int> {
  auto sockets = std::vector<int>{};
  auto bytes = std::array<char, 512>{};
  for (auto i = 0; i < count; ++i) {
    auto const address = loopback(port);
    auto const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0 || ::connect(socket, reinterpret_cast<sockaddr const *>(&address), sizeof address) != 0)
      fail("cannot connect");
    if (::recv(socket, bytes.data(), bytes.size(), 0) <= 0) fail("a session was refused");
    sockets.push_back(socket);
  }
  return sockets;
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto const wanted = option(argc, argv, "--connections", 19'000);
  auto limit = rlimit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  auto const connections = std::min(wanted, static_cast<int>(std::min<rlim_t>(limit.rlim_max, 1'000'000)) - 200);
  auto const spool = temporary_folder();
  auto failed = false;
  {
    auto server = Server{[&](int port_out, int lifeline) { serve(port_out, lifeline, spool); }};
    for (auto const socket : hold(server.port(), 200)) ::close(socket);  // warm: pools, threads, first segments
    auto const resident = resident_bytes(server.process());
    auto const before = kernel_bytes();
    auto const sockets = hold(server.port(), connections);
    std::this_thread::sleep_for(std::chrono::seconds{1});  // let the kernel free what the handshakes used
    auto const user = resident_bytes(server.process()) - resident;
    auto const after = kernel_bytes();
    auto const by_slab = (after.slab - before.slab) / 2;
    auto const kernel = server_bytes_between(before, after);
    auto probe = std::array<char, 512>{};
    for (auto const socket : sockets) {
      if (::recv(socket, probe.data(), probe.size(), MSG_DONTWAIT) == 0) failed = true;  // closed by the server
      reset_close(socket);
    }
    std::printf("%d sessions held: %" PRId64 " bytes each (server process %" PRId64 ", kernel %" PRId64
                "%s; half of all slab growth is %" PRId64 ")\n",
                connections, (user + kernel) / connections, user / connections, kernel / connections,
                after.known ? "" : " by slab growth", by_slab / connections);
  }
  std::filesystem::remove_all(spool);
  if (failed) fail("the server closed sessions that should be held");
  return 0;
}
