// The built program itself as a child process: `noroshi serve` on a data folder of its own, measured from outside.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "bench/loopback.hpp"

namespace noroshi::bench {

/// What a process has used so far.
struct ProcessUse {
  double cpu_seconds = 0;
  std::int64_t resident_bytes = 0;
};

inline auto use_of(pid_t process) -> ProcessUse {
  auto use = ProcessUse{};
  auto stat = std::string{};
  std::getline(std::ifstream{fmt::format("/proc/{}/stat", process)}, stat);
  auto user = 0UL, system = 0UL;
  auto const name_end = stat.rfind(')');  // proc(5): the name may hold anything, numbers follow it
  if (name_end == std::string::npos ||
      std::sscanf(stat.c_str() + name_end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                  &system) != 2)
    fail("a process to be measured has ended");
  use.cpu_seconds = static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  auto pages = std::int64_t{0};
  std::ifstream{fmt::format("/proc/{}/statm", process)} >> pages >> pages;  // the second is what is resident
  use.resident_bytes = pages * ::sysconf(_SC_PAGESIZE);
  return use;
}

/// A node that runs until this object goes.
class NodeProcess {
public:
  NodeProcess(std::string folder, std::vector<std::string> const &settings)
      : folder_(std::move(folder)), words_({program(), "--data", data()}) {
    for (auto const &setting : settings) words_.insert(words_.end(), {"--set", setting});
    if (wait_for(run({"init"})) != 0) give_up("noroshi init failed");
  }
  NodeProcess(NodeProcess const &) = delete;
  auto operator=(NodeProcess const &) -> NodeProcess & = delete;
  ~NodeProcess() { stop(); }

  /// Returns when its peer port answers.
  void start() {
    child_ = run({"serve"});
    for (auto tries = 0; tries < kStartTries; ++tries) {
      auto const status = output({"status"});
      auto const at = status.find("\"peer\":[\"127.0.0.1:");
      if (at != std::string::npos) {
        port_ = static_cast<std::uint16_t>(std::atoi(status.c_str() + at + 19));
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    give_up("the node did not start");
  }

  /// Ends it in order: what was acknowledged is in the stores afterwards.
  void stop() {
    if (child_ < 0) return;
    ::kill(child_, SIGTERM);
    if (wait_for(std::exchange(child_, -1)) != 0) give_up("the node ended badly");
  }

  /// What a command prints as JSON, one object a line.
  [[nodiscard]] auto output(std::vector<std::string> const &command) const -> std::string {
    auto line = std::string{};
    for (auto const &word : words_) line += fmt::format("'{}' ", word);
    for (auto const &word : command) line += fmt::format("'{}' ", word);
    auto *const pipe = ::popen((line + "--format json 2>/dev/null").c_str(), "r");
    if (pipe == nullptr) fail("cannot run a command");
    auto text = std::string{};
    auto part = std::array<char, 65536>{};
    for (auto got = std::size_t{0}; (got = std::fread(part.data(), 1, part.size(), pipe)) > 0;)
      text.append(part.data(), got);
    ::pclose(pipe);
    return text;
  }

  [[nodiscard]] auto data() const -> std::string { return folder_ + "/data"; }
  [[nodiscard]] auto port() const -> std::uint16_t { return port_; }
  [[nodiscard]] auto process() const -> pid_t { return child_; }

private:
  static constexpr auto kStartTries = 600;  // a minute, on a machine that compiles beside

  /// Beside this benchmark's own folder in the build tree.
  static auto program() -> std::string {
    return (std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "noroshi").string();
  }
  [[noreturn]] void give_up(std::string_view why) const {
    fmt::print(stderr, "{}:\n", why);
    auto log = std::ifstream{folder_ + "/node.log"};
    for (auto line = std::string{}; std::getline(log, line);) fmt::print(stderr, "  {}\n", line);
    std::exit(3);
  }
  auto run(std::vector<std::string> const &command) const -> pid_t {
    auto all = words_;
    all.insert(all.end(), command.begin(), command.end());
    auto arguments = std::vector<char *>{};
    for (auto &word : all) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    auto const log = folder_ + "/node.log";
    auto const child = ::fork();
    if (child < 0) fail("cannot fork");
    if (child != 0) return child;
    auto const to = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(to, STDOUT_FILENO);
    ::dup2(to, STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  static auto wait_for(pid_t child) -> int {
    auto status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }

  std::string folder_;
  std::vector<std::string> words_;
  pid_t child_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace noroshi::bench
