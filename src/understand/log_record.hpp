// One record of the intake log as bytes: writing, scanning a file past damage, reading in order.
//
// file   = intake-<first position, 16 hex>.log, records back to back
// record = u32 magic "NRL1", u32 length of body, u64 position, u32 checksum (low half of XXH3-64 over position
//          and body), u8 type, body                                                            (little-endian)
// batch  = i64 sensor, u64 epoch, u64 sequence, i64 received (µs since 1970), u32 rows, frames (model/batch.hpp)
// derived = u64 through (the last batch position it covers), contexts (understand/derived.hpp)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/batch.hpp"

namespace noroshi::understand {

enum class RecordType : std::uint8_t { batch = 1, derived = 2 };

struct LogRecord {
  std::uint64_t position = 0;
  RecordType type = RecordType::batch;
  // batch
  model::Batch batch;
  Time received{};
  std::uint32_t rows = 0;
  // derived
  std::uint64_t through = 0;
  std::string derived;
};

/// A batch is one sealed spool segment, a few MiB; a larger record is damage. Bounds what a reader allocates.
inline constexpr auto kMaxRecordBytes = std::size_t{64} << 20;
/// A segment takes records until it is past its size, so at most that and one record more.
inline constexpr auto kMaxSegmentBytes = std::size_t{1} << 31;
inline constexpr auto kRecordHeaderBytes = std::size_t{4 + 4 + 8 + 4 + 1};
inline constexpr auto kBatchHeaderBytes = std::size_t{8 + 8 + 8 + 8 + 4};

struct RecordView {
  std::uint64_t position = 0;
  RecordType type = RecordType::batch;
  std::string_view body;
};

void append_record(std::string &to, std::uint64_t position, RecordType type, std::string_view body);
auto batch_body(model::Batch const &batch, Time received, std::uint32_t rows) -> std::string;
/// Copies the frames out of a record of type batch.
auto parse_batch(RecordView const &record) -> Result<LogRecord>;

/// Finds the sound records of a file. Behind damage it goes on at the next place where magic, length and checksum
/// agree.
class RecordScanner {
public:
  explicit RecordScanner(std::string_view bytes) : bytes_(bytes) {}
  auto next(RecordView &record) -> bool;
  /// Bytes that were passed over before the record that next() just gave, and where they start.
  [[nodiscard]] auto skipped() const -> std::size_t { return skipped_; }
  [[nodiscard]] auto skipped_at() const -> std::size_t { return skipped_at_; }
  /// Where the record that next() just gave starts.
  [[nodiscard]] auto record_start() const -> std::size_t { return skipped_at_ + skipped_; }
  /// The end of the last sound record.
  [[nodiscard]] auto sound_end() const -> std::size_t { return sound_end_; }

private:
  std::string_view bytes_;
  std::size_t sound_end_ = 0;
  std::size_t skipped_ = 0;
  std::size_t skipped_at_ = 0;
};

/// Reads a segment's records one after the other with pread, skipping those before a position.
class RecordReader {
public:
  /// Reads file bytes [from, to); `from` must be where a record starts.
  RecordReader(int file, std::uint64_t from, std::uint64_t to) : file_(file), end_(to), offset_(from) {}
  /// False at the end of the segment.
  auto next(LogRecord &record, std::uint64_t from_position) -> Result<bool>;

private:
  auto fill(std::size_t wanted) -> Result<bool>;

  int file_;
  std::uint64_t end_;
  std::uint64_t offset_;  // in the file, of buffer_'s end
  std::string buffer_;
  std::size_t used_ = 0;  // of buffer_
};

}  // namespace noroshi::understand
