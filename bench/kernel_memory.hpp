// What the kernel keeps for sockets, and values of /proc. Both ends of every connection live on this machine and their
// sockets cost alike, so the caches of sockets (TCP, sock_inode_cache, filp, and a dentry for each socket) count half;
// epoll's caches are the server's alone. Other caches of /proc/slabinfo are left out: whatever else runs on the machine
// fills them. Where /proc/slabinfo cannot be read, half of the growth of Slab in /proc/meminfo counts.
#pragma once

#include <unistd.h>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "bench/loopback.hpp"

namespace noroshi::bench {

/// One name in the kernel's cache for each socket (struct dentry on 64-bit Linux).
inline constexpr auto kDentryBytes = 192;

/// A value in kB behind `name` in a file of /proc, as bytes.
inline auto proc_bytes(std::string const &file, std::string_view name) -> std::int64_t {
  auto stream = std::ifstream{file};
  for (auto line = std::string{}; std::getline(stream, line);)
    if (line.starts_with(name)) return std::strtoll(line.c_str() + name.size(), nullptr, 10) * 1024;
  fail("a value of /proc is missing");
}

/// What a process has in memory.
inline auto resident_bytes(pid_t process) -> std::int64_t {
  return proc_bytes("/proc/" + std::to_string(process) + "/status", "VmRSS:");
}

/// What the kernel holds for sockets now.
struct KernelBytes {
  bool known = false;
  std::int64_t sockets = 0;  // of both ends
  std::int64_t epoll = 0;
  std::int64_t slab = 0;  // all there is
};

inline auto kernel_bytes() -> KernelBytes {
  auto stream = std::ifstream{"/proc/slabinfo"};
  auto bytes = KernelBytes{};
  bytes.slab = proc_bytes("/proc/meminfo", "Slab:");
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

/// Of the server's ends alone.
inline auto server_bytes_between(KernelBytes const &before, KernelBytes const &after) -> std::int64_t {
  return after.known ? (after.sockets - before.sockets) / 2 + after.epoll - before.epoll
                     : (after.slab - before.slab) / 2;
}

}  // namespace noroshi::bench
