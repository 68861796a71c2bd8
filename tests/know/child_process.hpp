// A piece of a test in a process of its own: what it prints and how it ends come back. For limits and mounts that must
// not touch the test program, and for kills.
#pragma once

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <string>

#include <doctest/doctest.h>

namespace noroshi::test {

struct ChildOutcome {
  int status = 0;  // as waitpid gives it
  std::string said;
  [[nodiscard]] auto ended_with(int code) const -> bool { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
};

/// Where the test's machine refuses what the child needs; the parent then says loudly what was left out.
inline constexpr auto kNotPermitted = 77;

/// Runs `act` in a child; its text is what it said, the return value its exit code.
inline auto in_child(std::function<int(std::string &said)> const &act) -> ChildOutcome {
  auto ends = std::array<int, 2>{};
  REQUIRE(::pipe(ends.data()) == 0);
  auto const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    auto said = std::string{};
    auto const code = act(said);
    auto const written = ::write(ends[1], said.data(), said.size());
    ::_exit(written == static_cast<ssize_t>(said.size()) ? code : 99);
  }
  ::close(ends[1]);
  auto outcome = ChildOutcome{};
  auto buffer = std::array<char, 4096>{};
  for (auto size = ::read(ends[0], buffer.data(), buffer.size()); size > 0;
       size = ::read(ends[0], buffer.data(), buffer.size()))
    outcome.said.append(buffer.data(), static_cast<std::size_t>(size));
  ::close(ends[0]);
  REQUIRE(::waitpid(child, &outcome.status, 0) == child);
  return outcome;
}

/// A private small disk at `folder`, for this process and its children only. False where the machine does not permit
/// it.
inline auto mount_small_disk(std::string const &folder, std::string const &options) -> bool {
  auto const user = ::getuid();
  auto const group = ::getgid();
  if (user != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    std::ofstream{"/proc/self/setgroups"} << "deny";
    std::ofstream{"/proc/self/uid_map"} << "0 " << user << " 1";
    std::ofstream{"/proc/self/gid_map"} << "0 " << group << " 1";
  } else if (::unshare(CLONE_NEWNS) != 0) {
    return false;
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("noroshi-test", folder.c_str(), "tmpfs", 0, options.c_str()) == 0;
}

inline auto make_read_only(std::string const &folder) -> bool {
  return ::mount("none", folder.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
}

}  // namespace noroshi::test
