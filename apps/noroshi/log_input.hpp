// A log file, or standard input, as pieces of whole lines: gzip and zstd undone, memory bounded whatever the file
// holds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "codec/decompress.hpp"

namespace noroshi::apps {

/// A line too long for any piece: passed over, and told as refused.
struct LongLine {
  std::uint64_t line = 0;
  std::uint64_t bytes = 0;
};

class LogInput {
public:
  struct Piece {
    std::string lines;
    std::uint64_t first_line = 1;
    std::vector<LongLine> too_long;  // passed over behind this piece
  };

  /// "-" is standard input. A directory, or a file that cannot be read, is an error that says so.
  static auto open(std::string const &path) -> Result<LogInput>;

  /// Fills `piece`; false at the end. Damaged or cut compressed data is an error, once all whole lines before it were
  /// given.
  auto next(Piece &piece) -> Result<bool>;

  /// Bytes of the file as it lies on disk: read so far, and in all (0: not known, as of a pipe).
  [[nodiscard]] auto bytes_read() const -> std::uint64_t { return read_; }
  [[nodiscard]] auto bytes_in_all() const -> std::uint64_t { return size_; }

private:
  LogInput(std::string path, FileDescriptor file, std::uint64_t size)
      : path_(std::move(path)), file_(std::move(file)), size_(size) {}
  auto fill() -> Result<void>;
  auto read_some() -> Result<void>;
  auto give(Piece &piece, std::size_t bytes) -> bool;
  [[nodiscard]] auto ended() const -> bool {
    return failure_.has_value() || (at_end_ && raw_.empty() && !more_inside_);
  }
  [[nodiscard]] auto in_long_line() const -> bool;
  void pass_over_long_line(Piece &piece);

  std::string path_;
  FileDescriptor file_;
  std::uint64_t size_ = 0, read_ = 0;
  std::unique_ptr<codec::Decompressor> decompressor_;  // chosen by the first bytes
  std::string raw_;                                    // read, not yet decompressed
  std::string lines_;                                  // decompressed, not yet given
  std::uint64_t line_ = 1;                             // number of the line that lines_ begins with
  std::uint64_t long_bytes_ = 0;                       // of a line too long, while it is passed over
  bool more_inside_ = false;                           // the decompressor can give more without input
  bool at_end_ = false;
  std::optional<Error> failure_;  // told after the lines before it
};

}  // namespace noroshi::apps
