#include "codec/resp.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace noroshi::codec::resp {
namespace {

/// As the server reads it: an optional minus, digits, nothing else.
auto parse_number(std::string_view text) -> std::optional<std::int64_t> {
  auto number = std::int64_t{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

auto is_space(char character) -> bool {
  return character == ' ' || (character >= '\t' && character <= '\r') || character == '\0';
}

auto hex_digit(char character) -> int {
  if (character >= '0' && character <= '9') return character - '0';
  auto const lower = static_cast<char>(character | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// One word of an inline line; `at` moves behind it. False where its quotes are wrong.
class InlineWord {
public:
  InlineWord(std::string_view line, std::size_t &at) : line_(line), at_(at) {}

  auto read(std::string &word) -> bool {
    while (at_ < line_.size() && !is_space(line_[at_])) {
      auto const quote = line_[at_];
      if (quote != '"' && quote != '\'') {
        word += line_[at_++];
        continue;
      }
      ++at_;
      if (!read_quoted(quote, word)) return false;
      return at_ == line_.size() || is_space(line_[at_]);
    }
    return true;
  }

private:
  auto read_quoted(char quote, std::string &word) -> bool {
    for (; at_ < line_.size(); ++at_) {
      if (line_[at_] == quote) {
        ++at_;
        return true;
      }
      if (line_[at_] == '\\' && at_ + 1 < line_.size())
        read_escape(quote, word);
      else
        word += line_[at_];
    }
    return false;
  }

  void read_escape(char quote, std::string &word) {
    auto const next = line_[at_ + 1];
    if (quote == '\'') {
      if (next == '\'') ++at_;
      word += line_[at_];
      return;
    }
    ++at_;
    auto const high = next == 'x' && at_ + 2 < line_.size() ? hex_digit(line_[at_ + 1]) : -1;
    auto const low = high >= 0 ? hex_digit(line_[at_ + 2]) : -1;
    if (low >= 0) {
      word += static_cast<char>(high * 16 + low);
      at_ += 2;
      return;
    }
    switch (next) {
      case 'n': word += '\n'; break;
      case 'r': word += '\r'; break;
      case 't': word += '\t'; break;
      case 'b': word += '\b'; break;
      case 'a': word += '\a'; break;
      default: word += next;
    }
  }

  std::string_view line_;
  std::size_t &at_;
};

void append_line(std::string &to, char mark, std::string_view text) {
  to += mark;
  auto const begin = to.size();
  to += text;
  std::replace_if(
      to.begin() + static_cast<std::ptrdiff_t>(begin), to.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  to += "\r\n";
}

}  // namespace

auto split_inline(std::string_view line) -> std::optional<std::vector<std::string>> {
  auto words = std::vector<std::string>{};
  for (auto at = std::size_t{0}; at < line.size();) {
    if (is_space(line[at])) {
      ++at;
      continue;
    }
    if (!InlineWord{line, at}.read(words.emplace_back())) return std::nullopt;
  }
  return words;
}

auto RequestParser::next(std::string_view &bytes) -> Step {
  if (state_ == State::broken) return Step::broken;
  while (!bytes.empty())
    if (auto const outcome = step(bytes); outcome != Step::more) return outcome;
  return Step::more;
}

/// Takes at least one byte, or changes the state.
auto RequestParser::step(std::string_view &bytes) -> Step {
  switch (state_) {
    case State::start: return begin(bytes);
    case State::bulk: return take_bulk(bytes);
    case State::bulk_end: return take_bulk_end(bytes);
    case State::broken: return Step::broken;
    case State::inline_line:
    case State::count:
    case State::bulk_length: break;
  }
  if (state_ == State::bulk_length && line_.empty() && bytes.front() != '$')
    return fail(fmt::format("expected '$', got '{}'", bytes.front()));
  if (!take_line(bytes)) {
    if (line_.size() < kMaxLine) return Step::more;
    return fail(state_ == State::inline_line ? "too big inline request"
                : state_ == State::count     ? "too big mbulk count string"
                                             : "too big bulk count string");
  }
  return state_ == State::inline_line ? end_inline() : state_ == State::count ? end_count() : end_bulk_length();
}

/// True when the line is whole; it is then in line_, without its end.
auto RequestParser::take_line(std::string_view &bytes) -> bool {
  auto const room = kMaxLine - line_.size();
  auto const end = bytes.substr(0, room).find('\n');
  auto const taken = end == std::string_view::npos ? std::min(room, bytes.size()) : end + 1;
  line_.append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  if (end == std::string_view::npos) return false;
  line_.pop_back();
  if (line_.ends_with('\r')) line_.pop_back();
  return true;
}

auto RequestParser::begin(std::string_view bytes) -> Step {
  words_.clear();
  line_.clear();
  kept_ = 0;
  state_ = bytes.front() == '*' ? State::count : State::inline_line;
  return Step::more;
}

auto RequestParser::end_inline() -> Step {
  auto words = split_inline(line_);
  if (!words) return fail("unbalanced quotes in request");
  if (words->size() > kMaxWords) return fail("too big inline request");
  state_ = State::start;
  words_ = std::move(*words);
  return words_.empty() ? Step::more : Step::command;
}

auto RequestParser::end_count() -> Step {
  auto const count = parse_number(std::string_view{line_}.substr(1));
  if (!count || *count > static_cast<std::int64_t>(kMaxWords)) return fail("invalid multibulk length");
  line_.clear();
  state_ = *count <= 0 ? State::start : State::bulk_length;
  expected_ = *count <= 0 ? 0 : static_cast<std::size_t>(*count);
  return Step::more;
}

auto RequestParser::end_bulk_length() -> Step {
  auto const length = parse_number(std::string_view{line_}.substr(1));
  if (!length || *length < 0 || *length > static_cast<std::int64_t>(kMaxCommandBytes - kept_))
    return fail("invalid bulk length");
  left_ = static_cast<std::size_t>(*length);
  kept_ += left_;
  words_.emplace_back();  // grows with what comes, not with what was announced
  state_ = State::bulk;
  return Step::more;
}

auto RequestParser::take_bulk(std::string_view &bytes) -> Step {
  auto const taken = std::min(left_, bytes.size());
  words_.back().append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  left_ -= taken;
  if (left_ > 0) return Step::more;
  state_ = State::bulk_end;
  left_ = 2;
  return Step::more;
}

/// The server skips two bytes behind a bulk string, whatever they are.
auto RequestParser::take_bulk_end(std::string_view &bytes) -> Step {
  auto const taken = std::min(left_, bytes.size());
  bytes.remove_prefix(taken);
  left_ -= taken;
  if (left_ > 0) return Step::more;
  line_.clear();
  state_ = words_.size() == expected_ ? State::start : State::bulk_length;
  return state_ == State::start ? Step::command : Step::more;
}

auto RequestParser::fail(std::string problem) -> Step {
  problem_ = "Protocol error: " + std::move(problem);
  words_.clear();
  line_.clear();
  state_ = State::broken;
  return Step::broken;
}

void append_simple(std::string &to, std::string_view text) { append_line(to, '+', text); }
void append_error(std::string &to, std::string_view text) { append_line(to, '-', text); }
void append_integer(std::string &to, std::int64_t number) { fmt::format_to(std::back_inserter(to), ":{}\r\n", number); }
void append_bulk(std::string &to, std::string_view bytes) {
  fmt::format_to(std::back_inserter(to), "${}\r\n", bytes.size());
  to += bytes;
  to += "\r\n";
}
void append_null(std::string &to) { to += "$-1\r\n"; }
void append_array(std::string &to, std::size_t size) { fmt::format_to(std::back_inserter(to), "*{}\r\n", size); }

}  // namespace noroshi::codec::resp
