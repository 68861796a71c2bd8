// A set of keyed 64-bit hashes that may say "perhaps" wrongly, about once in 3,000, and never "no" wrongly.
//
// 64-byte lines of 32 fingerprints of 16 bits; a hash chooses its line by its upper half and its fingerprint by its
// lowest 16 bits, so a probe costs one cache line. A full line spills into the next. Sized for 20 fingerprints a line:
// 3.2 bytes an entry. (A blocked form of the fingerprint filters of Fan and others, "Cuckoo Filter", CoNEXT 2014.)
//
// file = 64 B header: magic "NRLINES1", u64 lines, u64 entries, u64 saturated, u64 checksum of these; then the lines
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace noroshi::know {

/// 128 secret bits of one store, so that nobody can choose values that fall into one line (SipHash-2-4, libsodium).
struct FilterKey {
  std::array<unsigned char, 16> bytes{};
  [[nodiscard]] auto hash(std::string_view text) const -> std::uint64_t;
};

struct alignas(64) FilterLine {
  static constexpr auto kSlots = std::size_t{32};
  std::array<std::uint16_t, kSlots> slots{};  // 0: free
};

/// The line, of `lines`, in which a hash is looked for first; grows with the hash.
inline auto filter_line(std::uint64_t hash, std::size_t lines) -> std::size_t { return (hash >> 32) * lines >> 32; }
/// True where `hash` may have been inserted into `lines`.
auto may_contain(std::span<FilterLine const> lines, std::uint64_t hash) -> bool;
/// Adds the numbers of those of `hashes` that may have been inserted, in order. With the processor's vector
/// instructions; whoever has many hashes asks for their lines first.
void find_candidates(std::span<FilterLine const> lines, std::span<std::uint64_t const> hashes,
                     std::vector<std::uint32_t> &to);

/// A filter in memory. Not thread-safe.
class LineFilter {
public:
  /// For about `entries` entries; more of them make wrong answers more frequent, not answers missing.
  explicit LineFilter(std::uint64_t entries);
  void insert(std::uint64_t hash);
  [[nodiscard]] auto may_contain(std::uint64_t hash) const -> bool {
    return saturated_ || know::may_contain(lines_, hash);
  }
  [[nodiscard]] auto entries() const -> std::uint64_t { return entries_; }
  [[nodiscard]] auto lines() const -> std::span<FilterLine const> { return lines_; }
  /// True where a hash found no room: then everything may be contained.
  [[nodiscard]] auto saturated() const -> bool { return saturated_; }
  [[nodiscard]] auto full() const -> bool { return entries_ >= lines_.size() * kEntriesPerLine; }
  /// Durable at `path` when this returns.
  [[nodiscard]] auto write(std::string const &path) const -> Result<void>;

  static constexpr auto kEntriesPerLine = std::uint64_t{20};

private:
  std::vector<FilterLine> lines_;
  std::uint64_t entries_ = 0;
  bool saturated_ = false;  // a hash found no room: everything may be contained
};

/// A filter that grows: each time it is full, a further one of twice the size stands beside it.
class GrowingFilter {
public:
  void insert(std::uint64_t hash);
  [[nodiscard]] auto may_contain(std::uint64_t hash) const -> bool;

private:
  std::vector<LineFilter> filters_;
};

/// A filter file, mapped: opening reads the header only. Thread-safe.
class FilterFile {
public:
  /// A file that is not a whole filter is malformed.
  static auto open(std::string const &path) -> Result<std::unique_ptr<FilterFile>>;
  FilterFile(FilterFile const &) = delete;
  auto operator=(FilterFile const &) -> FilterFile & = delete;
  ~FilterFile();
  [[nodiscard]] auto may_contain(std::uint64_t hash) const -> bool {
    return saturated_ || know::may_contain(lines_, hash);
  }

private:
  FilterFile() = default;
  void *mapping_ = nullptr;
  std::size_t bytes_ = 0;
  std::span<FilterLine const> lines_;
  bool saturated_ = false;
};

}  // namespace noroshi::know
