// The shell's answers about the machine.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "sense/shell.hpp"

namespace noroshi::sense {

/// "/bin/busybox XXXXX": loaders ask for a nonsense applet to tell BusyBox by "applet not found", and to find the end
/// of their other commands' output.
auto Shell::busybox(Call &call) -> int {
  if (call.words.size() == 1) {
    call.output = machine_.busybox +
                  " multi-call binary.\n\nUsage: busybox [function] [arguments]...\n   or: function [arguments]...\n\n"
                  "Currently defined functions:\n\t";
    for (auto first = true; auto const &[name, applet] : applets())
      call.output += fmt::format("{}{}", std::exchange(first, false) ? "" : ", ", name);
    call.output += "\n\n";
    return 0;
  }
  auto const &name = call.words[1];
  auto const applet = applets().find(name);
  if (applet == applets().end()) {
    call.output = fmt::format("{}: applet not found\n", name);
    return 127;
  }
  auto const words = Words{call.words.begin() + 1, call.words.end()};
  auto inner = Call{words, call.input, call.visit, {}};
  auto const status = (this->*applet->second)(inner);
  call.output = std::move(inner.output);
  return status;
}

auto Shell::ps(Call &call) -> int {
  call.output =
      "  PID USER       VSZ STAT COMMAND\n"
      "    1 root      1516 S    init\n"
      "    2 root         0 SW   [kthreadd]\n"
      "    3 root         0 SW   [ksoftirqd/0]\n"
      "    5 root         0 SW<  [kworker/0:0H]\n"
      "  411 root      1512 S    /sbin/syslogd -n\n"
      "  415 root      1508 S    /sbin/klogd -n\n"
      "  502 root      1520 S    udhcpc -i eth1\n"
      "  611 root      1516 S    telnetd\n"
      "  640 root      2204 S    httpd\n"
      "  872 root      1520 S    -sh\n"
      "  901 root      1512 R    ps\n";
  return 0;
}

auto Shell::uname(Call &call) -> int {
  auto const all = call.words.size() > 1 && call.words[1].find('a') != std::string::npos;
  auto const has = [&](char letter) {
    return call.words.size() > 1 && call.words[1].find(letter) != std::string::npos;
  };
  if (all) {
    call.output = fmt::format("Linux {} {} {} {} GNU/Linux\n", machine_.host_name, machine_.kernel,
                              machine_.kernel_build, machine_.architecture);
    return 0;
  }
  auto parts = Words{};
  if (has('s') || call.words.size() == 1) parts.emplace_back("Linux");
  if (has('n')) parts.push_back(machine_.host_name);
  if (has('r')) parts.push_back(machine_.kernel);
  if (has('v')) parts.push_back(machine_.kernel_build);
  if (has('m') || has('p')) parts.push_back(machine_.architecture);
  call.output = fmt::format("{}\n", fmt::join(parts, " "));
  return 0;
}

auto Shell::id(Call &call) -> int {
  call.output = "uid=0(root) gid=0(root) groups=0(root)\n";
  return 0;
}

auto Shell::whoami(Call &call) -> int {
  call.output = "root\n";
  return 0;
}

auto Shell::hostname(Call &call) -> int {
  call.output = machine_.host_name + "\n";
  return 0;
}

auto Shell::mount(Call &call) -> int {
  call.output = "rootfs on / type rootfs (rw)\ntmpfs on /tmp type tmpfs (rw,relatime)\n";
  return 0;
}

auto Shell::free(Call &call) -> int {
  call.output =
      "             total         used         free       shared      buffers\n"
      "Mem:         60416        38544        21872            0         3100\n"
      "-/+ buffers:              35444        24972\n"
      "Swap:            0            0            0\n";
  return 0;
}

auto Shell::kill(Call &call) -> int {
  call.output =
      call.words.size() > 1 ? fmt::format("-sh: can't kill pid {}: No such process\n", call.words.back()) : "";
  return 1;
}

/// A nested shell looks like the one before it; "sh file" is the visitor's own script, noted when it is marked to run.
auto Shell::shell(Call &call) -> int {
  if (call.words.size() == 1 || call.words[1].starts_with('-')) return 0;
  auto const path = absolute(call.words[1]);
  if (!read(path)) {
    call.output = fmt::format("sh: can't open '{}'\n", call.words[1]);
    return 2;
  }
  files_.note(path, call.visit);
  return 0;
}

auto Shell::quiet(Call & /*call*/) -> int { return 0; }

/// What loaders type for the sake of vendor shells; BusyBox has no such thing.
auto Shell::fails(Call &call) -> int {
  call.output = fmt::format("-sh: {}: not found\n", call.words.front());
  return 127;
}

auto Shell::exit(Call &call) -> int {
  left_ = true;
  auto status = status_;
  if (call.words.size() > 1)
    (void)std::from_chars(call.words[1].data(), call.words[1].data() + call.words[1].size(), status);
  return status & 0xff;
}

auto Shell::nproc(Call &call) -> int {
  call.output = "1\n";
  return 0;
}

auto Shell::uptime(Call &call) -> int {
  auto const now = call.visit.now();
  auto const up = machine_.uptime(now).count();
  auto const clock = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count() % 86'400;
  auto const load = 2 + call.visit.random() % 17;  // hundredths
  call.output =
      fmt::format(" {:02}:{:02}:{:02} up {} days, {:2}:{:02},  load average: 0.{:02}, 0.{:02}, 0.05\n", clock / 3600,
                  clock / 60 % 60, clock % 60, up / 86'400, up / 3600 % 24, up / 60 % 60, load, (load + 6) / 2);
  return 0;
}

auto Shell::which(Call &call) -> int {
  for (auto i = std::size_t{1}; i < call.words.size(); ++i)
    if (applets().contains(call.words[i])) call.output += fmt::format("/bin/{}\n", call.words[i]);
  return call.output.empty() ? 1 : 0;
}

}  // namespace noroshi::sense
