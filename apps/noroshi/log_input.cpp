#include "apps/noroshi/log_input.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "understand/reader.hpp"

namespace noroshi::apps {

namespace {

// A request of some ten thousand events: large enough for full groups in the stores, small enough for two in memory.
constexpr auto kPieceBytes = std::size_t{8} << 20;
constexpr auto kReadBytes = std::size_t{1} << 20;
constexpr auto kLongestLine = understand::kMaxLineBytes;

auto size_of(FileDescriptor const &file, std::string const &path) -> Result<std::uint64_t> {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return file_error(errno, "reading", path);
  if (S_ISDIR(status.st_mode))
    return fail(ErrorCode::malformed, "{} is a directory; name the log files in it, as in {}/*.json", path, path);
  return S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace

auto LogInput::open(std::string const &path) -> Result<LogInput> {
  auto file = FileDescriptor{};
  if (path == "-") {
    file.reset(::dup(STDIN_FILENO));
    if (!file.valid()) return file_error(errno, "reading", "standard input");
  } else {
    TRY(file, open_file(path, O_RDONLY));
  }
  TRY(auto const size, size_of(file, path));
  return LogInput{path == "-" ? "standard input" : path, std::move(file), size};
}

auto LogInput::read_some() -> Result<void> {
  auto const before = raw_.size();
  auto got = ssize_t{0};
  raw_.resize_and_overwrite(before + kReadBytes, [&](char *buffer, std::size_t) {
    do got = ::read(file_.get(), buffer + before, kReadBytes);
    while (got < 0 && errno == EINTR);
    return before + static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  });
  if (got < 0) return file_error(errno, "reading", path_);
  at_end_ = got == 0;
  read_ += static_cast<std::uint64_t>(got);
  return ok;
}

/// Until a piece of lines is there, or the end.
auto LogInput::fill() -> Result<void> {
  while (lines_.size() < kPieceBytes && !failure_) {
    constexpr auto kMagicBytes = std::size_t{4};
    if (raw_.empty() && !more_inside_ && at_end_) break;
    if (!at_end_ && (raw_.empty() || (!decompressor_ && raw_.size() < kMagicBytes)) && !more_inside_) {
      TRY_VOID(read_some());
      continue;
    }
    if (!decompressor_) decompressor_ = codec::Decompressor::create(codec::compression_of(raw_));
    auto input = std::string_view{raw_};
    auto const more = decompressor_->feed(input, lines_, kPieceBytes);
    raw_.erase(0, raw_.size() - input.size());
    if (!more) return more.error();
    more_inside_ = *more && input.empty();
  }
  if (at_end_ && raw_.empty() && !more_inside_ && decompressor_ && !decompressor_->is_complete())
    return fail(ErrorCode::malformed, "the compressed data ends before its end: the file was cut");
  return ok;
}

/// The next `bytes` of lines_ as the piece. False where there are none.
auto LogInput::give(Piece &piece, std::size_t bytes) -> bool {
  if (bytes == 0) return false;
  piece.first_line = line_;
  piece.lines.assign(lines_, 0, bytes);
  lines_.erase(0, bytes);
  line_ += static_cast<std::uint64_t>(std::ranges::count(piece.lines, '\n'));
  return true;
}

auto LogInput::in_long_line() const -> bool {
  return long_bytes_ > 0 || (lines_.size() > kLongestLine && lines_.find('\n') == std::string::npos);
}

/// Drops what lines_ holds of a line longer than any piece takes, and tells of it at its end.
void LogInput::pass_over_long_line(Piece &piece) {
  auto const end = lines_.find('\n');
  long_bytes_ += std::min(end, lines_.size());
  lines_.erase(0, end == std::string::npos ? end : end + 1);
  if (end == std::string::npos && !ended()) return;
  piece.too_long.push_back({line_++, std::exchange(long_bytes_, 0)});
}

auto LogInput::next(Piece &piece) -> Result<bool> {
  piece.too_long.clear();
  piece.lines.clear();
  while (true) {
    if (auto filled = fill(); !filled && !failure_) failure_ = std::move(filled).error();
    if (in_long_line()) {
      pass_over_long_line(piece);
      if (long_bytes_ == 0) return true;
      continue;
    }
    // What a cut or damaged file ends in is not the end of a line.
    auto const whole_lines = lines_.rfind('\n') + 1;
    if (give(piece, ended() && !failure_ ? lines_.size() : whole_lines)) return true;
    if (failure_) return at(path_, *failure_);
    return false;
  }
}

}  // namespace noroshi::apps
