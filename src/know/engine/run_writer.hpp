// Writing a run: an immutable file of indicators in the order of their hashes. run_layout.hpp has its parts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "know/engine/descriptor.hpp"
#include "know/engine/entry.hpp"
#include "know/engine/files.hpp"
#include "know/engine/run_layout.hpp"
#include "know/line_filter.hpp"

namespace noroshi::know::engine {

/// Entries that are encoded already, side by side: made by threads that do not write.
struct EncodedEntries {
  std::vector<std::uint64_t> hashes;
  std::vector<std::uint32_t> sizes;  // of each in bytes
  std::string bytes;                 // as append_entry() gives them
  std::string blocks;                // run_layout.hpp
  std::uint64_t fragments = 0;
  Lengths lengths;
  std::array<std::uint64_t, 64> of_type{};
};

/// Adds an entry to `blocks` and `lengths` where it is a block of addresses.
void note_block(std::uint8_t type, std::string_view value, std::string &blocks, Lengths &lengths);

/// One entry after the other, in ascending order of (hash, type, value); then finish(). Memory: 3.2 bytes an entry for
/// the filter, a few MiB of buffers, and the descriptors.
class RunWriter {
public:
  /// At most `entries` will come. `file` stays the caller's.
  RunWriter(OutFile &file, std::uint64_t entries, Base base);
  /// Where fragments' descriptors are interned before add().
  auto descriptors() -> DescriptorTable & { return descriptors_; }
  [[nodiscard]] auto base() const -> Base { return base_; }
  auto add(std::uint64_t hash, std::uint8_t type, std::string_view value, std::vector<Fragment> const &fragments)
      -> Result<void>;
  /// The same for many; all their fragments have the version of base().
  auto add(EncodedEntries const &entries) -> Result<void>;
  /// Writes what is left and the header. The file is not synced yet.
  auto finish() -> Result<RunFacts>;

private:
  /// A part of the file that is written front to back.
  struct Stream {
    std::uint64_t offset = 0;   // of the part in the file
    std::uint64_t written = 0;  // bytes of it
    std::string buffer;
    std::unique_ptr<Checksum> sum;
  };
  auto put(Stream &to, std::string_view bytes) -> Result<void>;
  /// Up to the last huge page's end; the rest stays in the buffer.
  auto flush(Stream &stream) -> Result<void>;
  auto write(Stream &stream, std::size_t bytes) -> Result<void>;
  auto index(std::uint64_t hash, std::uint64_t offset) -> Result<void>;
  auto end_line(std::uint64_t next_offset) -> Result<void>;
  auto close(Stream &stream) -> Result<Section>;

  OutFile &file_;
  std::uint64_t upper_;  // entries that may come
  Base base_;
  RunFacts facts_;
  DescriptorTable descriptors_;
  LineFilter filter_;
  Stream table_, entries_;
  std::string blocks_;
  TableLine line_{};
  std::uint64_t line_number_ = 0;
  std::uint64_t home_lines_ = 0;
};

}  // namespace noroshi::know::engine
