// Held sessions: how many bytes each costs while its visitor is silent at the telnet log-in.
// Two processes. Bytes each = growth of the server's resident memory + the kernel's part. Both ends of every connection
// live on this machine and their sockets cost alike, so the caches of sockets (TCP, sock_inode_cache, filp, and a
// dentry for each socket) count half; epoll's caches are the server's alone. Other caches of /proc/slabinfo are left
// out: whatever else runs on the machine fills them. Where /proc/slabinfo cannot be read, half of the growth of Slab in
// /proc/meminfo counts.
//
// sessions_bench [--connections N]
#include <sys/resource.h>
#include <chrono>
#include <cinttypes>
#include <fstream>
#include <thread>

#include "bench/loopback.hpp"
#include "sense/run.hpp"

namespace {

/// One name in the kernel's cache for each socket (struct dentry on 64-bit Linux).
constexpr auto kDentryBytes = 192;

using namespace noroshi;
using namespace noroshi::bench;

/// A value in kB behind `name` in a file of /proc, as bytes.
auto proc_bytes(std::string const &file, std::string_view name) -> std::int64_t {
  auto stream = std::ifstream{file};
  for (auto line = std::string{}; std::getline(stream, line);)
    if (line.starts_with(name)) return std::strtoll(line.c_str() + name.size(), nullptr, 10) * 1024;
  fail("a value of /proc is missing");
}

/// What the kernel holds for sockets now.
struct KernelBytes {
  bool known = false;
  std::int64_t sockets = 0;  // of both ends
  std::int64_t epoll = 0;
};

auto kernel_bytes() -> KernelBytes {
  auto stream = std::ifstream{"/proc/slabinfo"};
  auto bytes = KernelBytes{};
  for (auto line = std::string{}; std::getline(stream, line);) {
    auto name = std::array<char, 64>{};
    auto active = 0L, pages = 0L, slabs = 0L;
    if (std::sscanf(line.c_str(), "%63s %ld %*d %*d %*d %ld : tunables %*d %*d %*d : slabdata %*d %ld", name.data(),
                    &active, &pages, &slabs) != 4)
      continue;
    auto const cache = std::string_view{name.data()};
    auto const whole = slabs * pages * ::sysconf(_SC_PAGESIZE);
    if (cache == "TCP" || cache == "sock_inode_cache" || cache == "filp") bytes.sockets += whole;
    if (cache == "sock_inode_cache") bytes.sockets += active * kDentryBytes;
    if (cache.starts_with("eventpoll_") || cache == "ep_head") bytes.epoll += whole;
    bytes.known |= cache == "TCP";
  }
  return bytes;
}

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
    auto const status = "/proc/" + std::to_string(server.process()) + "/status";
    for (auto const socket : hold(server.port(), 200)) ::close(socket);  // warm: pools, threads, first segments
    auto const resident = proc_bytes(status, "VmRSS:");
    auto const slab = proc_bytes("/proc/meminfo", "Slab:");
    auto const before = kernel_bytes();
    auto const sockets = hold(server.port(), connections);
    std::this_thread::sleep_for(std::chrono::seconds{1});  // let the kernel free what the handshakes used
    auto const user = proc_bytes(status, "VmRSS:") - resident;
    auto const after = kernel_bytes();
    auto const by_slab = (proc_bytes("/proc/meminfo", "Slab:") - slab) / 2;
    auto const kernel = after.known ? (after.sockets - before.sockets) / 2 + after.epoll - before.epoll : by_slab;
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
