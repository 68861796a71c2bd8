// Country and network of an address from a file in MaxMind's DB format (libmaxminddb), in the layouts of MaxMind,
// IPinfo and ip-location-db. https://maxmind.github.io/MaxMind-DB/ describes the format.
#pragma once

#include <memory>
#include <string>

#include <maxminddb.h>

#include "base/file.hpp"
#include "base/result.hpp"
#include "model/ip.hpp"

namespace noroshi::understand {

/// What one record says; empty and 0 where it does not.
struct PlaceRecord {
  std::string country;  // two letters
  std::uint32_t asn = 0;
  std::string network;
};

/// Immutable once open, so thread-safe.
class MmdbFile {
public:
  /// Reads a copy into memory, so that overwriting the file in place harms nobody, and walks the whole tree and every
  /// record once: malformed where anything is damaged.
  static auto open(std::string const &path) -> Result<MmdbFile>;

  [[nodiscard]] auto find(model::IpAddress address) const -> PlaceRecord;
  /// The file's own name of its kind, as "GeoLite2-Country".
  [[nodiscard]] auto type() const -> std::string;
  /// The day it was built.
  [[nodiscard]] auto date() const -> std::string;
  /// Different records.
  [[nodiscard]] auto records() const -> std::size_t { return records_; }

private:
  struct Close {
    void operator()(MMDB_s *database) const {
      ::MMDB_close(database);
      delete database;
    }
  };
  auto check() -> Result<void>;
  std::unique_ptr<MMDB_s, Close> database_;
  std::size_t records_ = 0;
};

}  // namespace noroshi::understand
