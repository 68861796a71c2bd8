// The write-ahead logs as they are found at the start: the records that count, what a crash left half written, and what
// is damaged.
//
// log    = header (manifest.hpp), records
// record = u32 "NRW2", u32 n, u64 checksum of the body, u64 seal: the checksum of these 16 bytes, seeded with the
//          store's key, so that nobody can plant a record in a value; n bytes body (batch.hpp); 'E'  (little-endian)
//
// A header is synced before the first record is written, and each record before the next one. So a crash leaves, behind
// everything that was acknowledged, at most parts of one record, or of a header with nothing behind it; whatever else
// is not as it was written is damage, and may have been acknowledged. A part that never reached the disk is missing
// from its end, or reads as a sector of zeros, of which a record that was written has none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "know/engine/files.hpp"

namespace noroshi::know::engine {

/// `seed`: the store's own.
auto to_record(std::string_view body, std::uint64_t seed) -> std::string;

struct LogDamage {
  std::uint64_t offset = 0, bytes = 0;
  std::string_view what;  // "its header is damaged"
};

struct LogFile {
  std::uint64_t number = 0;
  std::shared_ptr<Bytes const> bytes;    // none: missing
  bool counts = false;                   // it was begun, and perhaps written to
  std::vector<std::string_view> bodies;  // of the sound records, in order
  std::uint64_t end = 0;                 // of what counts
  std::uint64_t torn = 0;                // bytes behind it; nobody was told that they are stored
  std::vector<LogDamage> damage;
};

struct Logs {
  std::vector<LogFile> all;   // from `first` on, ascending
  std::uint64_t highest = 0;  // number of any log
};

auto read_logs(Files &files, std::uint64_t first, std::uint64_t seed) -> Result<Logs>;

/// `log`: which one, where, and how much: "FOLDER/log-…: a record is damaged at offset 32 (70 bytes)".
auto to_sentence(LogFile const &log, LogDamage const &damage, Files const &files) -> std::string;

}  // namespace noroshi::know::engine
