#include "bench/indicators/scratch.hpp"

#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fcntl.h>

#include "base/file.hpp"

namespace noroshi::bench {

namespace {

// Servers that were told to end still write for a moment.
constexpr auto kRemoveTries = 50;
constexpr auto kBetweenTriesUs = 100'000;

void remove_folder(std::string const &path) {
  for (auto tries = 0; tries < kRemoveTries; ++tries) {
    auto failed = std::error_code{};
    std::filesystem::remove_all(path, failed);
    if (!failed) return;
    ::usleep(kBetweenTriesUs);
  }
}

/// Signals meant for the benchmark do not end its watcher, which goes when the benchmark has gone.
[[noreturn]] void watch(int life, std::string const &path) {
  ::setsid();
  for (auto const number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  auto byte = char{};
  while (::read(life, &byte, 1) < 0 && errno == EINTR) {
  }
  remove_folder(path);
  ::_exit(0);
}

auto wait_for(pid_t process) -> int {
  auto status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

auto Scratch::create() -> Result<Scratch> {
  auto scratch = Scratch{};
  auto pattern = (std::filesystem::temp_directory_path() / "noroshi-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return file_error(errno, "making", pattern);
  scratch.path_ = pattern;
  ::chmod(pattern.c_str(), 0711);  // PostgreSQL runs as a user of its own and must come through
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error(errno, "making a pipe");
  scratch.watcher_ = ::fork();
  if (scratch.watcher_ < 0) return system_error(errno, "starting a watcher");
  if (scratch.watcher_ == 0) {
    ::close(ends[1]);
    // Whoever reads what this benchmark prints must see its end.
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
    watch(ends[0], pattern);
  }
  ::close(ends[0]);
  scratch.life_ = ends[1];
  return scratch;
}

Scratch::Scratch(Scratch &&other) noexcept
    : path_(std::exchange(other.path_, {})),
      life_(std::exchange(other.life_, -1)),
      watcher_(std::exchange(other.watcher_, -1)) {}

Scratch::~Scratch() {
  if (!path_.empty()) remove_folder(path_);
  if (life_ >= 0) ::close(life_);
  if (watcher_ > 0) wait_for(watcher_);
}

auto Child::start(std::vector<std::string> words, std::string const &log, Account const *account, int end_signal)
    -> Result<Child> {
  auto child = Child{};
  child.end_signal_ = end_signal;
  child.log_ = log;
  auto arguments = std::vector<char *>{};
  for (auto &word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  TRY(auto const output, open_file(log, O_WRONLY | O_CREAT | O_APPEND));
  auto const parent = ::getpid();
  child.process_ = ::fork();
  if (child.process_ < 0) return system_error(errno, "starting " + words[0]);
  if (child.process_ != 0) return child;
  ::dup2(output.get(), STDOUT_FILENO);
  ::dup2(output.get(), STDERR_FILENO);
  // In this order: a change of user forgets what is to come at the parent's end.
  if (account != nullptr &&
      (::setgroups(0, nullptr) != 0 || ::setgid(account->group) != 0 || ::setuid(account->user) != 0))
    ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, end_signal);
  if (::getppid() != parent) ::_exit(126);
  if (::chdir("/") != 0) ::_exit(126);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

Child::Child(Child &&other) noexcept
    : process_(std::exchange(other.process_, -1)), end_signal_(other.end_signal_), log_(std::move(other.log_)) {}

Child::~Child() {
  if (process_ < 0) return;
  ::kill(process_, end_signal_);
  wait_for(process_);
}

auto Child::runs() -> bool {
  if (process_ < 0) return false;
  auto status = 0;
  if (::waitpid(process_, &status, WNOHANG) != process_) return true;
  process_ = -1;
  return false;
}

auto Child::wait() -> Result<void> {
  if (auto const status = wait_for(std::exchange(process_, -1)); status != 0)
    return fail(ErrorCode::unavailable, "it ended with status {}: {}", status, last_words());
  return ok;
}

auto Child::last_words() const -> std::string {
  auto file = std::ifstream{log_};
  auto last = std::string{};
  for (auto line = std::string{}; std::getline(file, line);)
    if (!line.empty()) last = line;
  return last;
}

auto find_program(std::string_view name, std::vector<std::string> const &folders) -> std::string {
  auto all = folders;
  auto path = std::string{std::getenv("PATH") == nullptr ? "" : std::getenv("PATH")};
  for (auto from = std::size_t{0}; from <= path.size();) {
    auto const to = std::min(path.find(':', from), path.size());
    all.push_back(path.substr(from, to - from));
    from = to + 1;
  }
  for (auto const &folder : all)
    if (auto program = fmt::format("{}/{}", folder, name); ::access(program.c_str(), X_OK) == 0) return program;
  return {};
}

auto folder_bytes(std::string const &folder) -> std::uint64_t {
  auto bytes = std::uint64_t{0};
  auto failed = std::error_code{};
  for (auto at = std::filesystem::recursive_directory_iterator{folder, failed};
       !failed && at != std::filesystem::recursive_directory_iterator{}; at.increment(failed)) {
    struct stat state{};
    if (::lstat(at->path().c_str(), &state) == 0 && S_ISREG(state.st_mode))
      bytes += static_cast<std::uint64_t>(state.st_blocks) * 512;
  }
  return bytes;
}

}  // namespace noroshi::bench
