// The parts of a run's file.
//
// file    = header (4,096 bytes), table, filter, entries, blocks, descriptors, each from a multiple of 4,096 on
// header  = "NRRUN001", the numbers of RunFacts, a Section for each part, checksum of all before it; zeros
// table   = 64-byte lines: 7 × u64 hash, u64 offset of the first one's entry << 8 | hashes in the line. A hash belongs
//           into line hash × home lines >> 64, and stands in the first line from there on that has room: as that
//           number grows with the hash, the sorted order of the entries is the order of the table.
// filter  = lines of 16-bit fingerprints (line_filter.hpp), without that file's own header
// entries = entry.hpp, in the order of (hash, type, value)
// blocks  = of each entry that is a block of addresses u8 n, n bytes value, for touched_blocks.hpp
// descriptors = u64 offset of each and of their end, then their bytes (descriptor.hpp)          (all little-endian)
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "know/engine/entry.hpp"

struct XXH3_state_s;

namespace noroshi::know::engine {

struct alignas(64) TableLine {
  static constexpr auto kSlots = std::size_t{7};
  std::array<std::uint64_t, kSlots> hashes{};
  std::uint64_t offset_and_count = 0;
  [[nodiscard]] auto offset() const -> std::uint64_t { return offset_and_count >> 8; }
  [[nodiscard]] auto count() const -> std::size_t { return offset_and_count & 0xff; }
};

inline constexpr auto kPage = std::uint64_t{4096};

/// The line in which a hash belongs, of `lines`.
inline auto home_line(std::uint64_t hash, std::uint64_t lines) -> std::uint64_t {
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(hash) * lines) >> 64);
}

/// XXH3-64 over bytes that come in pieces.
class Checksum {
public:
  Checksum();
  void add(std::string_view bytes);
  [[nodiscard]] auto value() const -> std::uint64_t;
  static auto of(std::string_view bytes) -> std::uint64_t;

private:
  std::unique_ptr<XXH3_state_s, void (*)(XXH3_state_s *)> state_;
};

struct Section {
  std::uint64_t offset = 0, bytes = 0, checksum = 0;
};

/// Prefix lengths among the blocks of a run: bit n stands for length n.
struct Lengths {
  std::uint64_t v4 = 0;
  std::array<std::uint64_t, 3> v6{};
  void add(bool is_v4, unsigned length);
  void add(Lengths const &other);
};

struct RunFacts {
  std::uint64_t entries = 0;
  std::uint64_t fragments = 0;
  std::uint64_t home_lines = 0;
  std::uint64_t saturated = 0;  // 1: the filter had no room for a hash, and everything may be contained
  std::uint64_t lowest_version = ~std::uint64_t{0}, highest_version = 0;
  Base base;
  Lengths lengths;
  std::array<std::uint64_t, 64> of_type{};  // entries by type
  Section table, filter, parts, blocks, descriptors;
};

/// kPage bytes.
auto write_header(RunFacts const &facts) -> std::string;
/// malformed: not a run, damaged, or a part that lies outside of `file_bytes`. conflict: of a newer version.
auto read_header(std::string_view file) -> Result<RunFacts>;

}  // namespace noroshi::know::engine
