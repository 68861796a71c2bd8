#include "understand/log_record.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include <xxhash.h>

#include "base/bytes.hpp"

namespace noroshi::understand {

namespace {

constexpr auto kMagic = std::string_view{"NRL1"};
// Reading ahead in one system call; most records are far smaller.
constexpr auto kReadAhead = std::size_t{1} << 20;

auto checksum(std::uint64_t position, RecordType type, std::string_view body) -> std::uint32_t {
  auto const seed = position ^ (static_cast<std::uint64_t>(type) << 56);
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(body.data(), body.size(), seed));
}

struct Header {
  std::uint32_t length;
  std::uint64_t position;
  std::uint32_t sum;
  RecordType type;
};

/// Nothing where the bytes cannot be a record's header.
auto parse_header(std::string_view bytes) -> std::optional<Header> {
  if (bytes.size() < kRecordHeaderBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  auto const header = Header{load_le<std::uint32_t>(bytes.data() + 4), load_le<std::uint64_t>(bytes.data() + 8),
                             load_le<std::uint32_t>(bytes.data() + 16), static_cast<RecordType>(bytes[20])};
  if (header.length > kMaxRecordBytes || header.position == 0) return std::nullopt;
  if (header.type != RecordType::batch && header.type != RecordType::derived) return std::nullopt;
  return header;
}

auto parse_record(std::string_view bytes, RecordView &record) -> bool {
  auto const header = parse_header(bytes);
  if (!header || bytes.size() - kRecordHeaderBytes < header->length) return false;
  auto const body = bytes.substr(kRecordHeaderBytes, header->length);
  if (checksum(header->position, header->type, body) != header->sum) return false;
  record = RecordView{header->position, header->type, body};
  return true;
}

}  // namespace

void append_record(std::string &to, std::uint64_t position, RecordType type, std::string_view body) {
  to.append(kMagic);
  append_le(to, static_cast<std::uint32_t>(body.size()));
  append_le(to, position);
  append_le(to, checksum(position, type, body));
  to.push_back(static_cast<char>(type));
  to.append(body);
}

auto batch_body(model::Batch const &batch, Time received, std::uint32_t rows) -> std::string {
  auto body = std::string{};
  body.reserve(kBatchHeaderBytes + batch.frames.size());
  append_le(body, batch.sensor.number);
  append_le(body, batch.epoch);
  append_le(body, batch.sequence);
  append_le(body, static_cast<std::int64_t>(received.time_since_epoch().count()));
  append_le(body, rows);
  body.append(batch.frames);
  return body;
}

auto parse_batch(RecordView const &record) -> Result<LogRecord> {
  auto reader = ByteReader{record.body};
  auto parsed = LogRecord{};
  parsed.position = record.position;
  parsed.batch.sensor.number = reader.little<std::int64_t>();
  parsed.batch.epoch = reader.little<std::uint64_t>();
  parsed.batch.sequence = reader.little<std::uint64_t>();
  parsed.received = Time{Duration{reader.little<std::int64_t>()}};
  parsed.rows = reader.little<std::uint32_t>();
  if (reader.failed())
    return fail(ErrorCode::malformed, "intake log: record {} is too short for a batch", record.position);
  parsed.batch.frames.assign(reader.rest());
  return parsed;
}

auto RecordScanner::next(RecordView &record) -> bool {
  for (auto at = sound_end_; at < bytes_.size();) {
    if (parse_record(bytes_.substr(at), record)) {
      skipped_ = at - sound_end_;
      skipped_at_ = sound_end_;
      sound_end_ = at + kRecordHeaderBytes + record.body.size();
      return true;
    }
    at = bytes_.find(kMagic, at + 1);  // npos ends the loop
  }
  return false;
}

auto RecordReader::fill(std::size_t wanted) -> Result<bool> {
  if (buffer_.size() - used_ >= wanted) return true;
  buffer_.erase(0, used_);
  used_ = 0;
  while (buffer_.size() < wanted && offset_ < end_) {
    auto const before = buffer_.size();
    auto const size = std::min<std::uint64_t>(std::max(wanted - before, kReadAhead), end_ - offset_);
    buffer_.resize(before + size);
    auto const got = ::pread(file_, buffer_.data() + before, size, static_cast<off_t>(offset_));
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, "cannot read the intake log");
    if (got == 0) break;
    offset_ += static_cast<std::uint64_t>(got);
  }
  return buffer_.size() - used_ >= wanted;
}

auto RecordReader::next(LogRecord &record, std::uint64_t from_position) -> Result<bool> {
  while (true) {
    TRY(auto const header_there, fill(kRecordHeaderBytes));
    if (!header_there) return false;
    auto const header = parse_header(std::string_view{buffer_}.substr(used_));
    auto view = RecordView{};
    if (header) TRY_VOID(fill(kRecordHeaderBytes + header->length));
    if (!header || !parse_record(std::string_view{buffer_}.substr(used_), view)) {
      ++used_;  // damage: opening the log has reported it; go on at the next sound record
      continue;
    }
    used_ += kRecordHeaderBytes + view.body.size();
    if (view.position < from_position) continue;
    if (view.type == RecordType::batch) {
      TRY(record, parse_batch(view));
      record.type = RecordType::batch;
      return true;
    }
    auto reader = ByteReader{view.body};
    record = LogRecord{};
    record.position = view.position;
    record.type = RecordType::derived;
    record.through = reader.little<std::uint64_t>();
    record.derived.assign(reader.rest());
    return true;
  }
}

}  // namespace noroshi::understand
