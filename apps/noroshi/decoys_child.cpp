#include "apps/noroshi/decoys_child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>

#include "apps/noroshi/running_state.hpp"
#include "base/confine.hpp"
#include "base/log.hpp"
#include "sense/listener.hpp"

extern char **environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to the program

namespace noroshi::apps {

namespace {

// Reading packs, binding and confining takes milliseconds, making the keys of certificates at the first start about a
// second; a loaded machine gets patience.
constexpr auto kStartLimit = std::chrono::seconds{60};
constexpr auto kStopLimit = std::chrono::seconds{8};
constexpr auto kFirstRestart = std::chrono::milliseconds{200};
// Whoever can crash the decoys should not silence them for long.
constexpr auto kLastRestart = std::chrono::milliseconds{2'000};
// A child that ran this long was healthy: the next restart is quick again.
constexpr auto kHealthyAfter = std::chrono::seconds{60};

auto prepare_spool(std::string const &folder, std::string const &user) -> Result<void> {
  auto error = std::error_code{};
  std::filesystem::create_directories(folder, error);
  if (error) return system_error(error.value(), fmt::format("cannot create the spool folder {}", folder));
  if (::geteuid() == 0) {
    auto const ids = find_user(user);
    if (!ids) return at("sense.user", ids.error());
    if (::chown(folder.c_str(), ids->user, ids->group) != 0)
      return system_error(errno, fmt::format("cannot give the spool folder {} to {}", folder, user));
  }
  if (::chmod(folder.c_str(), 0700) != 0)
    return system_error(errno, fmt::format("cannot restrict the spool folder {}", folder));
  return ok;
}

/// Waits until the child of a parent that was killed has sealed its segments and let go of its ports: it holds the
/// spool's lock to its end.
void wait_for_former_child(std::string const &spool) {
  auto const lock = FileDescriptor{::open((spool + "/lock").c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  if (!lock.valid()) return;
  auto const until = std::chrono::steady_clock::now() + kStopLimit;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
}

auto describe(int status) -> std::string {
  if (WIFSIGNALED(status)) return fmt::format("killed by signal {}", WTERMSIG(status));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

}  // namespace

auto DecoysChild::start(DecoysChildOptions options) -> Result<std::unique_ptr<DecoysChild>> {
  TRY_VOID(prepare_spool(options.spool, options.user));
  wait_for_former_child(options.spool);
  auto child = std::unique_ptr<DecoysChild>{new DecoysChild{std::move(options)}};
  TRY_VOID(child->spawn());
  TRY_VOID(child->wait_until_listening());
  child->watcher_ = std::thread{[self = child.get()] { self->watch(); }};
  return child;
}

DecoysChild::~DecoysChild() { stop(); }

auto DecoysChild::spawn() -> Result<void> {
  // A status of an earlier run could carry the process id that this one gets.
  ::unlink((options_.spool + "/status.json").c_str());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error(errno, "cannot make a pipe to the decoys child");
  auto const theirs = FileDescriptor{ends[0]};
  lifeline_ = FileDescriptor{ends[1]};

  auto words = std::vector<std::string>{"noroshi"};
  words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
  // Sockets from systemd stay where they are: the child inherits them, again after a crash. The lifeline comes behind.
  auto const activated = sense::activated_sockets();
  auto const lifeline = sense::kFirstActivated + activated;
  for (auto const &word : {std::string{"decoys"}, std::string{"--spool"}, options_.spool, std::string{"--lifeline"},
                           std::to_string(lifeline), std::string{"--activated"}, std::to_string(activated)})
    words.push_back(word);
  if (!options_.packs.empty()) words.insert(words.end(), {"--packs", options_.packs});
  auto arguments = std::vector<char *>{};
  for (auto &word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), lifeline);
  // It has a process group of its own: a Ctrl-C in the terminal is for the parent, who ends it in order.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  auto pid = pid_t{-1};
  auto const failure = ::posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failure != 0) return system_error(failure, "cannot start the decoys child");
  pid_ = pid;
  return ok;
}

auto DecoysChild::wait_until_listening() -> Result<void> {
  auto const until = std::chrono::steady_clock::now() + kStartLimit;
  while (std::chrono::steady_clock::now() < until) {
    auto status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      // What the child took for wrong use is the operator's to mend, so it is for us too.
      auto const code = WIFEXITED(status) && WEXITSTATUS(status) == 2 ? ErrorCode::malformed : ErrorCode::unavailable;
      return fail(code, "the decoys did not start ({}); what they said stands above", describe(status));
    }
    if (auto const state = read_spool_status(options_.spool); state && state->pid == pid_) return ok;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  return fail(ErrorCode::timed_out, "the decoys did not listen within {} s; the log says what they were doing",
              kStartLimit.count());
}

void DecoysChild::watch() {
  auto pause = kFirstRestart;
  auto started = std::chrono::steady_clock::now();
  while (true) {
    auto status = 0;
    while (pid_ > 0 && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    auto lock = std::unique_lock{mutex_};
    pid_ = -1;
    stopped_.notify_all();
    if (stopping_) return;
    if (std::chrono::steady_clock::now() - started > kHealthyAfter) pause = kFirstRestart;
    log_error("the decoys child ended ({}); starting it again in {} ms", describe(status), pause.count());
    if (stopped_.wait_for(lock, pause, [&] { return stopping_; })) return;
    pause = std::min(pause * 2, kLastRestart);
    started = std::chrono::steady_clock::now();
    ++restarts_;
    if (auto const again = spawn(); !again) log_error("{}", again.error().sentence);
  }
}

void DecoysChild::stop() {
  {
    auto lock = std::unique_lock{mutex_};
    if (stopping_) return;
    stopping_ = true;
    lifeline_.reset();
    stopped_.notify_all();
    if (!stopped_.wait_for(lock, kStopLimit, [&] { return pid_ < 0; })) {
      log_error("the decoys child did not end within {} s; killing it (its spool keeps what it wrote)",
                kStopLimit.count());
      ::kill(pid_, SIGKILL);
    }
  }
  if (watcher_.joinable()) watcher_.join();
}

}  // namespace noroshi::apps
