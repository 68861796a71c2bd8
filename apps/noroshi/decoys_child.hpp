// The decoys child as its parent sees it: started, watched, started again when it dies, told to end.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

#include "base/file.hpp"
#include "base/result.hpp"

namespace noroshi::apps {

struct DecoysChildOptions {
  std::string spool;                   // folder; made and given to the child's user
  std::vector<std::string> arguments;  // global options and overrides to pass on
  std::string user;                    // whom it becomes where we are root
  std::string packs;                   // folder of packs; empty: those that the program ships
};

class DecoysChild {
public:
  /// Prepares the spool folder, starts the child and waits until it listens. An error where it ends before that: it has
  /// said why on stderr.
  static auto start(DecoysChildOptions options) -> Result<std::unique_ptr<DecoysChild>>;
  ~DecoysChild();

  /// Asks it to seal its segments and end, waits, and kills it where it does not.
  void stop();

  [[nodiscard]] auto pid() const -> pid_t { return pid_.load(); }
  [[nodiscard]] auto restarts() const -> unsigned { return restarts_.load(); }

private:
  explicit DecoysChild(DecoysChildOptions options) : options_(std::move(options)) {}
  auto spawn() -> Result<void>;
  auto wait_until_listening() -> Result<void>;
  void watch();

  DecoysChildOptions options_;
  FileDescriptor lifeline_;  // the child ends when our end closes, however we die
  std::atomic<pid_t> pid_{-1};
  std::atomic<unsigned> restarts_{0};
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::thread watcher_;
};

}  // namespace noroshi::apps
