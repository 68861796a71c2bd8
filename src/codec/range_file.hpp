// Range files: every address of both families mapped to an autonomous system and its name, in one file that is mapped
// into memory and searched as it lies. `noroshi geo convert` makes them.
//
// file    = u64 magic "NRLRNG01", u64 XXH3-64 of all behind it, u32 counts: v4 pieces, v6 pieces, systems, bytes of
// texts,
//           of the source's name, of the date; then, each part padded to 8 bytes, in this order
// v4      = u32 first addresses, ascending · u32 systems
// v6      = u64 pairs (high, low) of first addresses, ascending · u32 systems
// systems = u32 AS number, u32 offset of its name among the texts, u32 length of the name, a system
// texts   = names of the systems · source · date                                                      (little-endian)
// A piece goes from its first address to the next piece's; system 0 is "nobody".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/ranges.hpp"

namespace noroshi::codec {

struct System {
  std::uint32_t asn = 0;
  std::string_view name;  // points into the file
};

struct NamedRange {
  AddressRange range;
  std::uint32_t asn = 0;
  std::string name;
};

/// The bytes of a file. Where ranges overlap the smallest answers. `source` is whom claims are attributed to, `date`
/// the data's own ("2026-06-17").
auto write_range_file(std::vector<NamedRange> const &ranges, std::string_view source, std::string_view date)
    -> std::string;

/// A view of a file's bytes, which must outlive it and be aligned to 8 bytes.
class RangeFile {
public:
  /// Checks header, sizes, checksum, order and every reference once, so that find() needs no checks. malformed where
  /// anything is wrong.
  static auto open(std::string_view bytes) -> Result<RangeFile>;

  /// {0, ""} where nobody is known.
  [[nodiscard]] auto find(model::IpAddress address) const -> System;
  [[nodiscard]] auto ranges() const -> std::size_t { return v4_count_ + v6_count_; }
  [[nodiscard]] auto source() const -> std::string_view { return source_; }
  [[nodiscard]] auto date() const -> std::string_view { return date_; }

private:
  [[nodiscard]] auto check() const -> Result<void>;
  [[nodiscard]] auto system(std::uint32_t index) const -> System;
  std::size_t v4_count_ = 0, v6_count_ = 0, system_count_ = 0;
  std::uint32_t const *v4_first_ = nullptr, *v4_system_ = nullptr, *v6_system_ = nullptr, *systems_ = nullptr;
  std::uint64_t const *v6_first_ = nullptr;
  std::string_view texts_, source_, date_;
};

/// Reads ip-location-db's CSV: first, last, AS number, name, which may be quoted (RFC 4180). A line of another form is
/// malformed, and is named.
auto read_asn_csv(std::string_view csv) -> Result<std::vector<NamedRange>>;

}  // namespace noroshi::codec
