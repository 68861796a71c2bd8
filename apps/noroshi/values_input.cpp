#include "apps/noroshi/values_input.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "model/value.hpp"

namespace noroshi::apps {
namespace {

constexpr auto kReadBytes = std::size_t{256} << 10;
// Of a line: one byte more than any value has, so that what is cut is still told to be too long.
constexpr auto kMaxLine = model::kMaxValueBytes + 1;
// Complaints about lines, so that a file of nothing else does not fill the screen.
constexpr auto kMaxComplaints = 5;
constexpr auto kSpace = std::string_view{" \t\r"};

auto trimmed(std::string_view line) -> std::string_view {
  auto const first = line.find_first_not_of(kSpace);
  if (first == std::string_view::npos || line[first] == '#') return {};
  return line.substr(first, line.find_last_not_of(kSpace) - first + 1);
}

/// Lines out of bytes that come in pieces; of a line of any length at most kMaxLine bytes are held.
class Lines {
public:
  Lines(std::string name, std::function<Result<void>(std::string)> take)
      : name_(std::move(name)), take_(std::move(take)) {}

  auto feed(std::string_view bytes) -> Result<void> {
    while (!bytes.empty()) {
      auto const end = bytes.find('\n');
      keep(bytes.substr(0, end));
      if (end == std::string_view::npos) return ok;
      TRY_VOID(finish());
      bytes.remove_prefix(end + 1);
    }
    return ok;
  }
  /// At the end of each line, and of the file.
  auto finish() -> Result<void> {
    ++number_;
    auto const value = trimmed(line_);
    if (cut_ && !value.empty()) complain();
    auto outcome = value.empty() ? Result<void>{ok} : take_(std::string{value});
    line_.clear();
    cut_ = false;
    return outcome;
  }

private:
  void keep(std::string_view part) {
    // Indentation is no part of a value, so however much of it there is, the value behind it is read.
    if (line_.empty()) part.remove_prefix(std::min(part.size(), part.find_first_not_of(kSpace)));
    auto const room = kMaxLine - line_.size();
    cut_ = cut_ || part.size() > room;
    line_.append(part.substr(0, room));
  }
  void complain() {
    if (++complaints_ > kMaxComplaints) return;
    fmt::print(stderr, "{}, line {}: longer than {} KiB, so it is no value; it is answered by its beginning\n",
               printable(name_), number_, model::kMaxValueBytes >> 10);
    if (complaints_ == kMaxComplaints) fmt::print(stderr, "{}: no more is said of such lines\n", printable(name_));
  }

  std::string name_;
  std::function<Result<void>(std::string)> take_;
  std::string line_;
  bool cut_ = false;
  std::uint64_t number_ = 0;
  int complaints_ = 0;
};

auto read_lines(std::string const &file, Lines &lines) -> Result<void> {
  auto opened = FileDescriptor{};
  if (file != "-") {
    opened.reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened.valid()) return system_error(errno, "reading " + file);
  }
  auto const from = file == "-" ? STDIN_FILENO : opened.get();
  auto buffer = std::string(kReadBytes, '\0');
  for (;;) {
    auto const got = ::read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, "reading " + file);
    if (got == 0) return lines.finish();
    TRY_VOID(lines.feed(std::string_view{buffer}.substr(0, static_cast<std::size_t>(got))));
  }
}

}  // namespace

auto each_values(std::vector<std::string> const &given, std::string const &file, std::size_t at_once,
                 std::function<Result<void>(std::vector<std::string> const &)> const &take) -> Result<void> {
  auto values = std::vector<std::string>{};
  auto bytes = std::size_t{0};
  auto const add = [&](std::string value) -> Result<void> {
    bytes += value.size();
    values.push_back(std::move(value));
    if (values.size() < at_once && bytes < kMaxBytesAtOnce) return ok;
    TRY_VOID(take(values));
    values.clear();
    bytes = 0;
    return ok;
  };
  for (auto const &value : given) TRY_VOID(add(value));
  if (!file.empty()) {
    auto lines = Lines{file == "-" ? "standard input" : file, add};
    TRY_VOID(read_lines(file, lines));
  }
  return values.empty() ? Result<void>{ok} : take(values);
}

}  // namespace noroshi::apps
