// Files that survive a power cut, descriptors that close themselves, and errors that say what to do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

#include "base/result.hpp"

namespace noroshi {

/// Owns one file descriptor; closes it when it goes.
class FileDescriptor {
public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor &&other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  auto operator=(FileDescriptor &&other) noexcept -> FileDescriptor & {
    if (this != &other) reset(std::exchange(other.descriptor_, -1));
    return *this;
  }
  FileDescriptor(FileDescriptor const &) = delete;
  auto operator=(FileDescriptor const &) -> FileDescriptor & = delete;
  ~FileDescriptor() { reset(); }

  [[nodiscard]] auto get() const -> int { return descriptor_; }
  [[nodiscard]] auto valid() const -> bool { return descriptor_ >= 0; }
  /// Gives the descriptor away.
  auto release() -> int { return std::exchange(descriptor_, -1); }
  /// Closes what is held and takes the other.
  void reset(int descriptor = -1);

private:
  int descriptor_ = -1;
};

/// The error for a failed call on `path`: `doing path: what the system said`, and for a full or read-only disk, a file
/// limit or missing rights also what to do about it.
auto file_error(int error_number, std::string_view doing, std::string_view path) -> Error;

/// open(2) with O_CLOEXEC added. `mode` counts where O_CREAT is among the flags.
auto open_file(std::string const &path, int flags, mode_t mode = 0600) -> Result<FileDescriptor>;

/// The whole file. More than `limit` bytes are too_large, and nothing is kept.
auto read_file(std::string const &path, std::uint64_t limit) -> Result<std::string>;

/// Writes all bytes where the descriptor stands; `path` names it in the error. A short write is continued.
auto write_all(FileDescriptor const &file, std::string_view bytes, std::string_view path) -> Result<void>;

/// Replaces `path` as a whole: when this returns ok the new content is on disk, and at any moment before, a crash
/// leaves the old file or the new one. Temporary file in the same folder (PATH.tmp), fsync, rename, fsync of the
/// folder.
auto write_file_durably(std::string const &path, std::string_view bytes, mode_t mode = 0600) -> Result<void>;

/// Makes renames, creations and removals in the folder durable.
auto sync_folder(std::string const &folder) -> Result<void>;

/// What an unprivileged process may still write on the disk that holds `path`, in bytes.
auto free_bytes(std::string const &path) -> Result<std::uint64_t>;

/// An exclusive flock(2) on a file that holds the owner's process id. Goes with the object or the process; the file
/// stays, because removing it would let two processes hold locks on two files of one name.
class LockFile {
public:
  /// Held by another process: conflict that names its process id.
  static auto create(std::string const &path) -> Result<LockFile>;

private:
  explicit LockFile(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace noroshi
