// A folder for everything a benchmark writes, and servers in it: whatever ends the benchmark, both go.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.hpp"

namespace noroshi::bench {

/// Removed with this object. A watcher process removes it where the benchmark is killed.
class Scratch {
public:
  static auto create() -> Result<Scratch>;
  Scratch(Scratch &&other) noexcept;
  Scratch(Scratch const &) = delete;
  auto operator=(Scratch &&) -> Scratch & = delete;
  auto operator=(Scratch const &) -> Scratch & = delete;
  ~Scratch();
  [[nodiscard]] auto path() const -> std::string const & { return path_; }

private:
  Scratch() = default;
  std::string path_;
  int life_ = -1;  // the watcher reads the other end of this pipe, until we are no more
  pid_t watcher_ = -1;
};

/// The user that a server runs as; none: this process's own.
struct Account {
  uid_t user = 0;
  gid_t group = 0;
};

/// A child process. It gets `end_signal` when this object goes and when this process ends, however that is.
class Child {
public:
  /// Standard output and error go to the end of the file `log`. `words` begin with the program's path.
  static auto start(std::vector<std::string> words, std::string const &log, Account const *account, int end_signal)
      -> Result<Child>;
  Child(Child &&other) noexcept;
  Child(Child const &) = delete;
  auto operator=(Child &&) -> Child & = delete;
  auto operator=(Child const &) -> Child & = delete;
  ~Child();
  /// False once it has ended.
  [[nodiscard]] auto runs() -> bool;
  /// Waits for its end; unavailable where it did not end with 0, with what it said last.
  auto wait() -> Result<void>;
  /// The last words in its log, for a sentence about why it ended.
  [[nodiscard]] auto last_words() const -> std::string;

private:
  Child() = default;
  pid_t process_ = -1;
  int end_signal_ = 0;
  std::string log_;
};

/// The first of these that can be executed, else of the same name in $PATH; empty where there is none.
auto find_program(std::string_view name, std::vector<std::string> const &folders = {}) -> std::string;

/// Bytes on disk of everything below `folder`.
auto folder_bytes(std::string const &folder) -> std::uint64_t;

}  // namespace noroshi::bench
