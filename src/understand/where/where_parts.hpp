// What Where is made of: files as they were read, whole and immutable, shared by the snapshots that use them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/range_file.hpp"
#include "codec/range_index.hpp"
#include "codec/value_list.hpp"
#include "model/where_from.hpp"
#include "understand/where/mmdb_file.hpp"

namespace noroshi::understand {

/// What tells whether a file is another one than the one read: size, time, inode. Equal to none where it is absent.
struct FileMark {
  std::int64_t size = -1, seconds = 0, nanoseconds = 0;
  std::uint64_t inode = 0;
  auto operator==(FileMark const &) const -> bool = default;
  static auto of(std::string const &path) -> FileMark;
  /// The day of its last change; empty where it is absent.
  [[nodiscard]] auto date() const -> std::string;
};

/// A range file, mapped. It must be replaced by renaming, as `noroshi geo convert` does, never overwritten in place.
class MappedRangeFile {
public:
  static auto open(std::string const &path) -> Result<MappedRangeFile>;
  MappedRangeFile(MappedRangeFile &&other) noexcept
      : file_(other.file_), data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}
  auto operator=(MappedRangeFile &&) -> MappedRangeFile & = delete;
  ~MappedRangeFile();
  [[nodiscard]] auto file() const -> codec::RangeFile const & { return file_; }

private:
  MappedRangeFile() = default;
  codec::RangeFile file_;
  void *data_ = nullptr;
  std::size_t size_ = 0;
};

/// A file of countries or networks, in whatever form it came.
struct PlaceFile {
  std::optional<MmdbFile> mmdb;
  std::optional<MappedRangeFile> ranges;
  std::string name, date;
  std::uint64_t entries = 0;

  /// By its first bytes, or its name: what ends in ".ranges" is a range file, sound or not.
  static auto open(std::string const &path) -> Result<PlaceFile>;
  [[nodiscard]] auto find(model::IpAddress address) const -> PlaceRecord;
};

}  // namespace noroshi::understand
