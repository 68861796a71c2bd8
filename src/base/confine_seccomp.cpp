// The system calls that a confined process may make: what a running epoll server with its listeners open needs.
#include <algorithm>
#include <array>
#include <cerrno>
#include <initializer_list>
#include <memory>

#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/confine_parts.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define NOROSHI_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NOROSHI_SANITIZED 1
#endif

namespace noroshi::confinement {

namespace {

/// Allowed whatever their arguments. Files are Landlock's concern; sockets exist already.
constexpr auto kAllowed = std::array{
    // Bytes in and out, and waiting for them.
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(preadv),
    SCMP_SYS(pwritev),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_gettime),
    SCMP_SYS(pipe2),
    // Files.
    SCMP_SYS(openat),
    SCMP_SYS(open),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir),
    SCMP_SYS(getdents64),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(sync_file_range),
    SCMP_SYS(flock),
    SCMP_SYS(fchmod),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(umask),
    SCMP_SYS(fadvise64),
    // Memory, without making any executable (mmap and mprotect below).
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(mlock),
    SCMP_SYS(munlock),
    // Threads and signals of this process.
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getcpu),
    SCMP_SYS(membarrier),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(pause),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    // Time, chance, and who we are.
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrusage),
    SCMP_SYS(getrlimit),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
#ifdef NOROSHI_SANITIZED
    // The run-time libraries of the sanitizers look whether an address is mapped, and read their own program's name.
    SCMP_SYS(pipe),
    SCMP_SYS(mincore),
#endif
};

constexpr auto kFcntlCommands = std::array{F_GETFD, F_SETFD, F_GETFL,  F_SETFL,     F_DUPFD,     F_DUPFD_CLOEXEC,
                                           F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW};
constexpr auto kIoctlRequests = std::array<unsigned long, 4>{FIONREAD, FIONBIO, TCGETS, TIOCGWINSZ};
constexpr auto kSocketOptions =
    std::array{SO_LINGER, SO_KEEPALIVE, SO_RCVBUF, SO_SNDBUF, SO_RCVTIMEO, SO_SNDTIMEO, SO_RCVLOWAT, SO_REUSEADDR};
constexpr auto kTcpOptions = std::array{TCP_NODELAY, TCP_CORK,         TCP_KEEPIDLE, TCP_KEEPINTVL,
                                        TCP_KEEPCNT, TCP_USER_TIMEOUT, TCP_QUICKACK, TCP_LINGER2};
constexpr auto kPrctlOptions =
    std::array{PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP};

constexpr auto kNamespaces = static_cast<scmp_datum_t>(CLONE_NEWNS) | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                             CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

/// Builds the filter and remembers the first failure.
class Filter {
public:
  Filter() : context_(::seccomp_init(SCMP_ACT_ERRNO(EPERM)), ::seccomp_release) {
    if (context_ == nullptr) {
      note(-ENOMEM);
      return;
    }
    note(::seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    note(::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1));
    // A binary search through the numbers instead of a walk: a packet costs several calls.
    note(::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
  }

  void allow(int call, std::initializer_list<scmp_arg_cmp> conditions = {}) { add(SCMP_ACT_ALLOW, call, conditions); }
  void refuse(int call, int error_number) { add(SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error_number)), call, {}); }

  /// Loads it into every thread of the process. Zero, or an errno.
  auto load() -> int {
    if (failure_ == 0) note(::seccomp_load(context_.get()));
    return failure_;
  }

private:
  void add(std::uint32_t action, int call, std::initializer_list<scmp_arg_cmp> conditions) {
    if (failure_ != 0) return;
    note(::seccomp_rule_add_array(context_.get(), action, call, static_cast<unsigned>(conditions.size()),
                                  conditions.begin()));
  }
  void note(int outcome) {
    if (outcome < 0 && failure_ == 0) failure_ = -outcome;
  }

  std::unique_ptr<void, decltype(&::seccomp_release)> context_;
  int failure_ = 0;
};

auto argument(unsigned number, scmp_datum_t value) -> scmp_arg_cmp { return {number, SCMP_CMP_EQ, value, 0}; }

/// Of the bits of `mask`, exactly those of `value` are set.
auto bits(unsigned number, scmp_datum_t mask, scmp_datum_t value) -> scmp_arg_cmp {
  return {number, SCMP_CMP_MASKED_EQ, mask, value};
}

void allow_sending(Filter &filter) {
  // MSG_FASTOPEN connects: a listener that was shut down could reach out with it.
  filter.allow(SCMP_SYS(sendto), {bits(3, MSG_FASTOPEN, 0)});
  filter.allow(SCMP_SYS(sendmsg), {bits(2, MSG_FASTOPEN, 0)});
  for (auto const option : kSocketOptions)
    filter.allow(SCMP_SYS(setsockopt), {argument(1, SOL_SOCKET), argument(2, static_cast<scmp_datum_t>(option))});
  for (auto const option : kTcpOptions)
    filter.allow(SCMP_SYS(setsockopt), {argument(1, IPPROTO_TCP), argument(2, static_cast<scmp_datum_t>(option))});
}

void allow_descriptor_settings(Filter &filter) {
  for (auto const command : kFcntlCommands)
    filter.allow(SCMP_SYS(fcntl), {argument(1, static_cast<scmp_datum_t>(command))});
  for (auto const request : kIoctlRequests) filter.allow(SCMP_SYS(ioctl), {argument(1, request)});
}

void allow_memory(Filter &filter) {
  filter.allow(SCMP_SYS(mmap), {bits(2, PROT_EXEC, 0)});
  filter.allow(SCMP_SYS(mprotect), {bits(2, PROT_EXEC, 0)});
}

void allow_threads(Filter &filter) {
  // clone3 hides its flags behind a pointer. ENOSYS makes the C library use clone, whose flags can be looked at.
  filter.refuse(SCMP_SYS(clone3), ENOSYS);
  filter.allow(SCMP_SYS(clone), {bits(0, kNamespaces | CLONE_THREAD, CLONE_THREAD)});
  filter.allow(SCMP_SYS(tgkill), {argument(0, static_cast<scmp_datum_t>(::getpid()))});  // abort(), pthread_kill()
  for (auto const option : kPrctlOptions)
    filter.allow(SCMP_SYS(prctl), {argument(0, static_cast<scmp_datum_t>(option))});
  filter.allow(SCMP_SYS(prlimit64), {argument(0, 0), argument(2, 0)});  // reading own limits
}

}  // namespace

auto restrict_system_calls() -> Protection {
  auto filter = Filter{};
  for (auto const call : kAllowed) filter.allow(call);
  allow_sending(filter);
  allow_descriptor_settings(filter);
  allow_memory(filter);
  allow_threads(filter);
  if (auto const failure = filter.load(); failure != 0)
    return {"seccomp", false, system_error(failure, "loading the system call filter").sentence};
  return {"seccomp", true, fmt::format("{} system calls allowed, no socket, connect, execve or fork", kAllowed.size())};
}

}  // namespace noroshi::confinement

#ifdef NOROSHI_SANITIZED
// The leak check at exit stops the process with ptrace from a clone, which is refused here; so a confined process has
// none. Called by the run-time library; null or absent in other builds.
extern "C" auto __lsan_is_turned_off() -> int { return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2 ? 1 : 0; }
#endif
