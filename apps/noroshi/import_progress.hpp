// How far an import is: bytes, events a second, the time left. On a terminal only, after the first second.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace noroshi::apps {

class ImportProgress {
public:
  /// `unit`: what show() counts.
  explicit ImportProgress(std::string unit = "events");
  ImportProgress(ImportProgress const &) = delete;
  auto operator=(ImportProgress const &) -> ImportProgress & = delete;
  ~ImportProgress() { clear(); }

  /// `all` 0: the size is not known, as of a pipe.
  void show(std::string const &file, std::uint64_t bytes, std::uint64_t all, std::uint64_t lines);
  /// Why it does not go on just now.
  void wait_for(std::string const &reason);
  void clear();

private:
  [[nodiscard]] auto is_due() -> bool;
  void print(std::string const &line);

  std::chrono::steady_clock::time_point started_, shown_;
  std::string unit_;
  bool is_terminal_;
  bool is_shown_ = false;
};

/// "1.5 GB", "320 kB".
auto bytes_text(std::uint64_t bytes) -> std::string;

}  // namespace noroshi::apps
