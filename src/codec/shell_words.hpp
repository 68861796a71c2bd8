// One line typed into a POSIX shell, cut into commands, words and redirections (POSIX.1-2017, XCU 2.2, 2.9).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace noroshi::codec {

/// What stands between a command and the one before it.
enum class ShellJoin : std::uint8_t { first, always, if_ok, if_failed, pipe, background };

struct ShellRedirection {
  enum class Kind : std::uint8_t { read, write, append };
  Kind kind = Kind::write;
  std::string target;  // "&1" for a duplicated descriptor
};

struct ShellCommand {
  ShellJoin join = ShellJoin::first;
  std::vector<std::string> words;  // quotes and escapes taken away; nothing is expanded
  std::vector<ShellRedirection> redirections;
};

struct ShellLine {
  std::vector<ShellCommand> commands;  // empty commands (";;") are left out
  bool unterminated = false;           // a quote was open at the end of the line
};

/// A loader's longest lines are a few kilobytes of echo -ne; more commands or words than this is a flood.
inline constexpr auto kMaxShellLine = std::size_t{16} << 10;
inline constexpr auto kMaxShellCommands = std::size_t{64};
inline constexpr auto kMaxShellWords = std::size_t{256};

/// Fails (too_large) only past the limits above.
auto split_shell_line(std::string_view line) -> Result<ShellLine>;

}  // namespace noroshi::codec
