// A line as somebody types it at a terminal: echoed, corrected with backspace, given up with Ctrl-C.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace noroshi::sense {

class TypedLine {
public:
  enum class Echo : std::uint8_t { shown, hidden };

  /// Takes one character and appends what the terminal shows of it. True at a line's end: take() has it. CR, LF, CR LF
  /// and CR NUL (RFC 854) each are one end. Past `most` bytes characters are dropped.
  auto key(char character, Echo echo, std::size_t most, std::string &terminal) -> bool {
    auto const continues_return = std::exchange(after_return_, character == '\r');
    if (continues_return && (character == '\n' || character == '\0')) return false;
    if (character == '\r' || character == '\n') {
      terminal += "\r\n";
      return true;
    }
    auto const shown = echo == Echo::shown;
    if (character == '\b' || character == '\x7f') {
      if (!line_.empty() && shown) terminal += "\b \b";
      if (!line_.empty()) line_.pop_back();
    } else if (character == '\x03') {
      line_.clear();
      terminal += "^C\r\n";
      return true;
    } else if (character != '\0' && line_.size() < most) {
      line_ += character;
      if (shown) terminal += character;
    }
    return false;
  }
  [[nodiscard]] auto take() -> std::string { return std::exchange(line_, {}); }
  [[nodiscard]] auto text() const -> std::string const & { return line_; }

private:
  std::string line_;
  bool after_return_ = false;
};

/// Line ends as a terminal wants them.
inline auto as_terminal(std::string_view text) -> std::string {
  auto shown = std::string{};
  shown.reserve(text.size() + 16);
  for (auto const character : text) {
    if (character == '\n') shown += '\r';
    shown += character;
  }
  return shown;
}

}  // namespace noroshi::sense
