// What a confined process cannot do, tried from inside one: a child that confines itself and reports by a pipe.
#include "base/confine.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <thread>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace noroshi;

namespace {

auto pretended_abi = std::numeric_limits<int>::max();

// nobody, by its number on every Linux: the test needs no entry in passwd.
constexpr auto kNobody = UserIds{65534, 65534};

auto loopback(std::uint16_t port) -> sockaddr_in {
  auto address = sockaddr_in{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// A TCP socket that listens on a free loopback port.
struct Listener {
  FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address = loopback(0);

  Listener() {
    auto size = socklen_t{sizeof address};
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr *>(&address), size) == 0);
    REQUIRE(::listen(socket.get(), 8) == 0);
    REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr *>(&address), &size) == 0);
  }
};

/// What an attempt ended with: "ok", or the errno's name as far as a test asks for it.
auto outcome(std::function<long()> const &attempt) -> std::string {
  errno = 0;
  if (attempt() >= 0) return "ok";
  if (errno == EPERM) return "EPERM";
  if (errno == EACCES) return "EACCES";
  return ::strerrordesc_np(errno);
}

/// A folder that the confined child may use, also where it runs as nobody.
class OwnFolder {
public:
  OwnFolder() {
    if (::geteuid() == 0) REQUIRE(::chown(folder_.path().c_str(), kNobody.user, kNobody.group) == 0);
  }
  [[nodiscard]] auto confinement() const -> Confinement { return {{folder_.path()}, kNobody}; }
  [[nodiscard]] auto operator/(std::string_view name) const -> std::string { return folder_ / name; }

private:
  test::TemporaryFolder folder_;
};

using Report = std::map<std::string, std::string>;
using Say = std::function<void(std::string_view, std::string_view)>;

/// Runs `act` in a child and gives what it said, and under "status" the child's /proc/PID/status at its end.
auto in_child(std::function<void(Say const &)> const &act) -> Report {
  int said[2], leave[2];
  REQUIRE(::pipe(said) == 0);
  REQUIRE(::pipe(leave) == 0);
  std::cout.flush();  // else both processes print what is buffered
  auto const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(said[0]);
    ::close(leave[1]);
    auto const write_line = [&](std::string const &line) { return ::write(said[1], line.data(), line.size()); };
    act([&](std::string_view what, std::string_view how) {
      write_line(std::string{what} + "=" + std::string{how} + "\n");
    });
    ::close(said[1]);
    char byte = 0;
    while (::read(leave[0], &byte, 1) > 0) continue;
    ::_exit(0);
  }
  ::close(said[1]);
  ::close(leave[0]);
  auto text = std::string{};
  char buffer[4096];
  for (auto got = ssize_t{0}; (got = ::read(said[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  auto report = Report{{"status", read_file("/proc/" + std::to_string(child) + "/status", 1 << 16).value_or("")}};
  ::close(said[0]);
  ::close(leave[1]);
  auto ended = 0;
  ::waitpid(child, &ended, 0);
  report["ended"] =
      WIFEXITED(ended) ? "exit " + std::to_string(WEXITSTATUS(ended)) : "signal " + std::to_string(WTERMSIG(ended));
  auto lines = std::istringstream{text};
  for (auto line = std::string{}; std::getline(lines, line);)
    if (auto const equals = line.find('='); equals != std::string::npos)
      report[line.substr(0, equals)] = line.substr(equals + 1);
  return report;
}

void say_protections(std::vector<Protection> const &protections, Say const &say) {
  for (auto const &protection : protections) {
    say(protection.name, protection.active ? "active" : "inactive");
    say("why " + protection.name, protection.reason);
  }
}

/// Sockets made before the confinement; their use afterwards is what is tried.
struct EarlySockets {
  Listener target;  // somebody else's service
  Listener own;
  FileDescriptor tcp{::socket(AF_INET, SOCK_STREAM, 0)};
  FileDescriptor udp{::socket(AF_INET, SOCK_DGRAM, 0)};
  FileDescriptor local{::socket(AF_UNIX, SOCK_STREAM, 0)};
  FileDescriptor unbound{::socket(AF_INET, SOCK_STREAM, 0)};
};

void try_network(EarlySockets const &sockets, Say const &say) {
  auto const *const target = reinterpret_cast<sockaddr const *>(&sockets.target.address);
  auto const to_target = [&](FileDescriptor const &from) {
    return outcome([&] { return ::connect(from.get(), target, sizeof sockets.target.address); });
  };
  say("socket tcp", outcome([] { return ::socket(AF_INET, SOCK_STREAM, 0); }));
  say("socket udp", outcome([] { return ::socket(AF_INET6, SOCK_DGRAM, 0); }));
  say("socket unix", outcome([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }));
  say("socket netlink", outcome([] { return ::socket(AF_NETLINK, SOCK_RAW, 0); }));
  say("socketpair", outcome([] {
        int pair[2];
        return ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
      }));
  say("connect tcp", to_target(sockets.tcp));
  say("connect udp", to_target(sockets.udp));
  auto unix_address = sockaddr_un{.sun_family = AF_UNIX, .sun_path = "/run/systemd/notify"};
  auto const *const unix_target = reinterpret_cast<sockaddr const *>(&unix_address);
  say("connect unix", outcome([&] { return ::connect(sockets.local.get(), unix_target, sizeof unix_address); }));
  auto const any = loopback(0);
  auto const *const any_port = reinterpret_cast<sockaddr const *>(&any);
  say("bind", outcome([&] { return ::bind(sockets.unbound.get(), any_port, sizeof any); }));
  say("listen", outcome([&] { return ::listen(sockets.unbound.get(), 1); }));
  ::shutdown(sockets.own.socket.get(), SHUT_RDWR);
  say("fast open", outcome([&] {
        return ::sendto(sockets.own.socket.get(), "x", 1, MSG_FASTOPEN, target, sizeof sockets.target.address);
      }));
}

void try_processes(Say const &say) {
  say("execve", outcome([] {
        char const *const arguments[] = {"/bin/true", nullptr};
        return ::execve("/bin/true", const_cast<char *const *>(arguments), nullptr);
      }));
  say("fork", outcome([] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }));
  say("clone newuser", outcome([] { return ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); }));
  say("unshare", outcome([] { return ::unshare(CLONE_NEWNS); }));
  say("ptrace", outcome([] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }));
  say("kill", outcome([] { return ::kill(::getppid(), 0); }));
  say("setuid", outcome([] { return ::syscall(SYS_setuid, 0); }));
  char byte = 0;
  auto const here = iovec{&byte, 1};
  say("process_vm_readv", outcome([&] { return ::process_vm_readv(::getppid(), &here, 1, &here, 1, 0); }));
}

void try_kernel(Say const &say) {
  auto bpf = bpf_attr{};
  bpf.map_type = BPF_MAP_TYPE_ARRAY;
  bpf.key_size = bpf.value_size = bpf.max_entries = 4;
  say("bpf", outcome([&] { return ::syscall(SYS_bpf, BPF_MAP_CREATE, &bpf, sizeof bpf); }));
  auto ring = io_uring_params{};
  say("io_uring_setup", outcome([&] { return ::syscall(SYS_io_uring_setup, 1, &ring); }));
  say("mount", outcome([] { return ::syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, nullptr); }));
  say("memfd_create", outcome([] { return ::memfd_create("x", 0); }));
  say("executable mmap", outcome([] {
        auto *const made = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return made == MAP_FAILED ? -1L : 0L;
      }));
  say("executable mprotect", outcome([] {
        auto *const made = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return made == MAP_FAILED ? 0L : static_cast<long>(::mprotect(made, 4096, PROT_READ | PROT_EXEC));
      }));
  say("keyctl", outcome([] { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); }));
}

void try_files(OwnFolder const &own, std::string const &outside, Say const &say) {
  say("read outside", outcome([&] { return ::open(outside.c_str(), O_RDONLY); }));
  say("write outside", outcome([&] { return ::open(outside.c_str(), O_WRONLY); }));
  say("read passwd", outcome([] { return ::open("/etc/passwd", O_RDONLY); }));
  say("list root", outcome([] { return ::open("/", O_RDONLY | O_DIRECTORY); }));
  auto const written = write_file_durably(own / "segment", "sealed");
  say("write inside", written ? "ok" : written.error().sentence);
  say("read inside", read_file(own / "segment", 100).value_or("nothing"));
  say("rename inside", outcome([&] { return ::rename((own / "segment").c_str(), (own / "other").c_str()); }));
  say("remove inside", outcome([&] { return ::unlink((own / "other").c_str()); }));
  say("free space inside", free_bytes(own / ".") ? "ok" : "no");
}

/// Everything at once, as it comes out with the Landlock ABI given.
auto attempts(int abi) -> Report {
  pretended_abi = abi;
  auto const own = OwnFolder{};
  auto const elsewhere = test::TemporaryFolder{};
  auto const outside = elsewhere / "secret";
  REQUIRE(write_file_durably(outside, "key", 0666).has_value());
  // The way there is open: only the confinement stands before the file.
  REQUIRE(::chmod(elsewhere.path().c_str(), 0777) == 0);
  auto const sockets = EarlySockets{};
  auto report = in_child([&](Say const &say) {
    say_protections(confine(own.confinement()), say);
    try_files(own, outside, say);
    try_network(sockets, say);
    try_processes(say);
    try_kernel(say);
  });
  pretended_abi = std::numeric_limits<int>::max();
  return report;
}

/// The value of a line "Name:\tvalue" of /proc/PID/status.
auto status_line(Report const &report, std::string const &name) -> std::string {
  auto lines = std::istringstream{report.at("status")};
  for (auto line = std::string{}; std::getline(lines, line);)
    if (line.starts_with(name + ":")) {
      auto const value = line.find_first_not_of(" \t", name.size() + 1);
      return value == std::string::npos ? "" : line.substr(value);
    }
  return "";
}

void check_refusals(Report const &report) {
  for (auto const *const what : {"socket tcp",
                                 "socket udp",
                                 "socket unix",
                                 "socket netlink",
                                 "socketpair",
                                 "connect tcp",
                                 "connect udp",
                                 "connect unix",
                                 "bind",
                                 "listen",
                                 "fast open",
                                 "execve",
                                 "fork",
                                 "clone newuser",
                                 "unshare",
                                 "ptrace",
                                 "kill",
                                 "setuid",
                                 "process_vm_readv",
                                 "bpf",
                                 "io_uring_setup",
                                 "mount",
                                 "memfd_create",
                                 "executable mmap",
                                 "executable mprotect",
                                 "keyctl"}) {
    CAPTURE(what);
    REQUIRE(report.contains(what));
    CHECK(report.at(what) == "EPERM");
  }
  if (report.at("landlock") == "active")
    for (auto const *const what : {"read outside", "write outside", "read passwd", "list root"}) {
      CAPTURE(what);
      CHECK(report.at(what) == "EACCES");
    }
  CHECK(report.at("write inside") == "ok");
  CHECK(report.at("read inside") == "sealed");
  CHECK(report.at("rename inside") == "ok");
  CHECK(report.at("remove inside") == "ok");
  CHECK(report.at("free space inside") == "ok");
  CHECK(report.at("ended") == "exit 0");
}

}  // namespace

extern "C" auto confine_landlock_abi_for_test() -> int;
extern "C" auto confine_landlock_abi_for_test() -> int { return pretended_abi; }

TEST_CASE("a confined process reaches neither files outside, nor the network, nor other processes") {
  check_refusals(attempts(std::numeric_limits<int>::max()));
}

TEST_CASE("with Landlock of ABI 2 the same is refused") {
  auto const report = attempts(2);
  check_refusals(report);
  if (report.at("landlock") == "active") CHECK(report.at("why landlock").starts_with("ABI 2: "));
}

TEST_CASE("with Landlock of any other ABI the same is refused") {
  for (auto const abi : {1, 3, 4, 5, 6}) {
    CAPTURE(abi);
    check_refusals(attempts(abi));
  }
}

TEST_CASE("without Landlock it says so with the reason, and the other protections hold") {
  auto const report = attempts(0);
  CHECK(report.at("landlock") == "inactive");
  CHECK(report.at("why landlock").contains("no Landlock"));
  CHECK(report.at("read passwd") == "ok");
  check_refusals(report);
}

TEST_CASE("the kernel confirms the confinement in the process's status") {
  auto const own = OwnFolder{};
  auto const report = in_child([&](Say const &say) {
    // A group to lose, as a service started by root may have several.
    auto const extra = gid_t{4};
    if (::geteuid() == 0) say("setgroups", outcome([&] { return ::setgroups(1, &extra); }));
    say_protections(confine(own.confinement()), say);
  });
  for (auto const *const name : {"user", "capabilities", "no_new_privileges", "no_core_dumps", "seccomp"}) {
    CAPTURE(name);
    CHECK(report.at(name) == "active");
    CHECK_FALSE(report.at(std::string{"why "} + name).empty());
  }
  CHECK(status_line(report, "Seccomp") == "2");
  CHECK(status_line(report, "NoNewPrivs") == "1");
  for (auto const *const set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
    CHECK(status_line(report, set) == "0000000000000000");
  if (::geteuid() == 0) {
    CHECK(status_line(report, "CapBnd") == "0000000000000000");
    CHECK(status_line(report, "Uid") == "65534\t65534\t65534\t65534");
    CHECK(status_line(report, "Gid") == "65534\t65534\t65534\t65534");
    CHECK(status_line(report, "Groups").empty());
  }
}

TEST_CASE("root without another user to become is reported") {
  if (::geteuid() != 0) return;
  auto const report = in_child([](Say const &say) { say_protections(confine({}), say); });
  CHECK(report.at("user") == "inactive");
  CHECK(report.at("capabilities") == "active");
  CHECK(status_line(report, "CapEff") == "0000000000000000");
}

TEST_CASE("a folder that cannot be opened is named, and nothing is allowed in its stead") {
  auto const report = in_child([](Say const &say) {
    say_protections(confine({{"/nonexistent"}, kNobody}), say);
    say("read passwd", outcome([] { return ::open("/etc/passwd", O_RDONLY); }));
  });
  if (report.at("landlock") == "inactive") return;
  CHECK(report.at("why landlock").contains("opening /nonexistent"));
  CHECK(report.at("read passwd") == "EACCES");
}

TEST_CASE("a folder below one that only its owner may enter stays usable after the change of user") {
  auto const outer = test::TemporaryFolder{};  // mode 0700, as a data directory is
  auto const inner = outer / "spool";
  REQUIRE(::mkdir(inner.c_str(), 0700) == 0);
  if (::geteuid() == 0) REQUIRE(::chown(inner.c_str(), kNobody.user, kNobody.group) == 0);
  auto const report = in_child([&](Say const &say) {
    auto const folder = FileDescriptor{::open(inner.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    confine({{inner}, kNobody});
    say("write", outcome([&] { return ::openat(folder.get(), "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600); }));
  });
  CHECK(report.at("write") == "ok");
}

TEST_CASE("threads are confined, those made later and those that ran before") {
  auto const report = in_child([](Say const &say) {
    auto confined = std::atomic<bool>{false};
    auto early_socket = std::string{}, late_socket = std::string{};
    auto early = std::jthread{[&] {
      while (!confined) std::this_thread::yield();
      early_socket = outcome([] { return ::socket(AF_INET, SOCK_STREAM, 0); });
    }};
    say_protections(confine({{}, kNobody}), say);
    confined = true;
    early.join();
    auto late = std::jthread{[&] { late_socket = outcome([] { return ::socket(AF_INET, SOCK_STREAM, 0); }); }};
    late.join();
    say("early", early_socket);
    say("late", late_socket);
  });
  CHECK(report.at("early") == "EPERM");
  CHECK(report.at("late") == "EPERM");
  CHECK(report.at("landlock") == "inactive");  // honest: the early thread still opens files
}

TEST_CASE("a confined server goes on serving on its listener") {
  auto const listener = Listener{};
  auto const client = FileDescriptor{::socket(AF_INET, SOCK_STREAM, 0)};
  auto const *const address = reinterpret_cast<sockaddr const *>(&listener.address);
  REQUIRE(::connect(client.get(), address, sizeof listener.address) == 0);
  REQUIRE(::send(client.get(), "ping", 4, 0) == 4);
  auto const report = in_child([&](Say const &say) {
    confine({{}, kNobody});
    auto const loop = FileDescriptor{::epoll_create1(EPOLL_CLOEXEC)};
    auto event = epoll_event{.events = EPOLLIN, .data = {}};
    say("epoll_ctl", outcome([&] { return ::epoll_ctl(loop.get(), EPOLL_CTL_ADD, listener.socket.get(), &event); }));
    say("epoll_wait", outcome([&] { return ::epoll_wait(loop.get(), &event, 1, 10'000) - 1; }));
    auto const visitor = FileDescriptor{::accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    char question[4];
    say("recv", outcome([&] { return ::recv(visitor.get(), question, sizeof question, MSG_WAITALL); }));
    auto const on = 1;
    say("setsockopt", outcome([&] { return ::setsockopt(visitor.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on); }));
    say("nonblocking", outcome([&] { return ::fcntl(visitor.get(), F_SETFL, O_NONBLOCK); }));
    say("send", outcome([&] { return ::send(visitor.get(), "pong", 4, MSG_NOSIGNAL); }));
    say("eventfd", outcome([] { return ::eventfd(0, EFD_CLOEXEC); }));
    auto const large = std::make_unique<std::string>(std::size_t{8} << 20, 'x');  // goes by mmap
    say("memory", large->back() == 'x' ? "ok" : "no");
    try {
      throw std::runtime_error("unwound");
    } catch (std::exception const &thrown) {
      say("exception", thrown.what());
    }
  });
  for (auto const *const what :
       {"epoll_ctl", "epoll_wait", "recv", "setsockopt", "nonblocking", "send", "eventfd", "memory"}) {
    CAPTURE(what);
    CHECK(report.at(what) == "ok");
  }
  CHECK(report.at("exception") == "unwound");
  char answer[4];
  CHECK(::recv(client.get(), answer, sizeof answer, MSG_WAITALL) == 4);
  CHECK(report.at("ended") == "exit 0");
}

TEST_CASE("a user is found by name, or said to be missing") {
  CHECK(find_user("root")->user == 0);
  auto const missing = find_user("no-such-user-here");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().code == ErrorCode::not_found);
  CHECK(missing.error().sentence.contains("useradd --system no-such-user-here"));
}
