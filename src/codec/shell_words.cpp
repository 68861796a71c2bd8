#include "codec/shell_words.hpp"

#include <optional>
#include <utility>

namespace noroshi::codec {
namespace {

class Splitter {
public:
  explicit Splitter(std::string_view line) : rest_(line) {}

  auto run() -> Result<ShellLine> {
    while (!rest_.empty()) {
      if (!step()) break;
      if (words_ > kMaxShellWords || line_.commands.size() > kMaxShellCommands)
        return fail(ErrorCode::too_large, "a shell line of more than {} commands or {} words", kMaxShellCommands,
                    kMaxShellWords);
    }
    end_command(ShellJoin::first);
    return std::move(line_);
  }

private:
  auto take() -> char {
    auto const character = rest_.front();
    rest_.remove_prefix(1);
    return character;
  }
  auto take_if(char expected) -> bool {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// One token or character; false at a comment, which takes the rest of the line.
  auto step() -> bool {
    auto const character = take();
    switch (character) {
      case ' ':
      case '\t': end_word(); return true;
      case '\n':
      case ';': end_command(ShellJoin::always); return true;
      case '&':
        if (take_if('&')) {
          end_command(ShellJoin::if_ok);
        } else {
          end_command(ShellJoin::background);
        }
        return true;
      case '|': end_command(take_if('|') ? ShellJoin::if_failed : ShellJoin::pipe); return true;
      case '>': redirect(take_if('>') ? ShellRedirection::Kind::append : ShellRedirection::Kind::write); return true;
      case '<': redirect(ShellRedirection::Kind::read); return true;
      case '#':
        if (!word_) return false;
        word_->push_back(character);
        return true;
      default: take_into_word(character); return true;
    }
  }

  void take_into_word(char character) {
    if (!word_) word_.emplace();
    if (character == '\'') {
      single_quoted();
    } else if (character == '"') {
      double_quoted();
    } else if (character == '\\') {
      if (!rest_.empty()) word_->push_back(take());
    } else {
      word_->push_back(character);
    }
  }

  void single_quoted() {
    auto const end = rest_.find('\'');
    word_->append(rest_.substr(0, end));
    line_.unterminated |= end == std::string_view::npos;
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  }

  void double_quoted() {
    while (!rest_.empty()) {
      auto const character = take();
      if (character == '"') return;
      // XCU 2.2.3: a backslash escapes only these inside double quotes, and stays in front of all others.
      if (character == '\\' && !rest_.empty() &&
          std::string_view{"$`\"\\"}.find(rest_.front()) != std::string_view::npos)
        word_->push_back(take());
      else
        word_->push_back(character);
    }
    line_.unterminated = true;
  }

  void redirect(ShellRedirection::Kind kind) {
    if (word_ && word_->size() == 1 && word_->front() >= '0' && word_->front() <= '9')
      word_.reset();  // "2>file": the digit is a descriptor, not a word
    end_word();
    redirection_ = ShellRedirection{kind, {}};
    if (take_if('&')) word_ = "&";
  }

  void end_word() {
    if (!word_) return;
    ++words_;
    if (redirection_) {
      redirection_->target = std::move(*word_);
      command_.redirections.push_back(std::move(*redirection_));
      redirection_.reset();
    } else {
      command_.words.push_back(std::move(*word_));
    }
    word_.reset();
  }

  void end_command(ShellJoin next) {
    end_word();
    redirection_.reset();
    auto const empty = command_.words.empty() && command_.redirections.empty();
    auto command = std::exchange(command_, ShellCommand{});
    command_.join = next;
    if (!empty) line_.commands.push_back(std::move(command));
  }

  std::string_view rest_;
  ShellLine line_;
  ShellCommand command_;
  std::optional<std::string> word_;
  std::optional<ShellRedirection> redirection_;
  std::size_t words_ = 0;
};

}  // namespace

auto split_shell_line(std::string_view line) -> Result<ShellLine> {
  if (line.size() > kMaxShellLine)
    return fail(ErrorCode::too_large, "a shell line of {} bytes; the limit is {}", line.size(), kMaxShellLine);
  return Splitter{line}.run();
}

}  // namespace noroshi::codec
