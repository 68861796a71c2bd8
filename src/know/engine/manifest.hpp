// Which files make up a store, and up to where they go. Replaced as a whole; the write-ahead log goes on from there.
//
// file = "NRMANI02", u64 version, u64 first log, u64 next file number, u64 checksum of the key, cursors (varint n, each
// varint n, n bytes stream,
//        u64 position), erasures, varint n runs, each varint n, n bytes name, u64 bytes; u64 checksum (little-endian)
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "know/engine/erasures.hpp"
#include "know/engine/files.hpp"

namespace noroshi::know::engine {

struct Manifest {
  std::uint64_t version = 0;    // of the last commit that is in the runs
  std::uint64_t first_log = 1;  // logs from this number on hold what is not in the runs
  std::uint64_t next_file = 1;
  std::uint64_t key_checksum = 0;  // with another key nothing in the runs is found
  std::map<std::string, std::uint64_t, std::less<>> cursors;
  Erasures erasures;
  struct RunFile {
    std::string name;
    std::uint64_t bytes = 0;
    auto operator==(RunFile const &) const -> bool = default;
  };
  std::vector<RunFile> runs;  // oldest first
};

inline constexpr auto kManifestName = std::string_view{"manifest"};
inline constexpr auto kKeyName = std::string_view{"key"};

/// Durable when it returns.
auto write_manifest(Files &files, Manifest const &manifest) -> Result<void>;
/// Nothing where there is none. malformed; conflict: of another version.
auto read_manifest(Files &files) -> Result<std::optional<Manifest>>;

auto log_name(std::uint64_t number) -> std::string;
auto run_name(std::uint64_t number) -> std::string;
/// The front of a log: which one came before it, and how many of its bytes count.
///
/// header = "NRLOG001", u64 previous number, u64 its bytes, u64 checksum                               (little-endian)
struct LogHeader {
  std::uint64_t previous = 0;  // 0: none
  std::uint64_t previous_bytes = 0;
};
inline constexpr auto kLogHeaderBytes = std::size_t{32};
auto log_header(LogHeader const &header) -> std::string;
/// Nothing where the header is not whole, or not as it was written.
auto read_log_header(std::string_view log) -> std::optional<LogHeader>;

/// The number in the name of a log; 0 for other names.
auto log_number(std::string_view name) -> std::uint64_t;

}  // namespace noroshi::know::engine
