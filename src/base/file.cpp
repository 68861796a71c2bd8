#include "base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.hpp"

namespace noroshi {

namespace {

// One read's share: large enough that system calls do not count, small enough for a file that claims no size (/proc).
constexpr auto kReadStep = std::size_t{1} << 16;

// A process id is at most seven digits; whatever else stands in a lock file is not ours.
constexpr auto kMaxLockText = std::size_t{32};

auto folder_of(std::string const &path) -> std::string {
  auto const slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

auto advice(int error_number) -> std::string_view {
  switch (error_number) {
    case EFBIG: return "; raise the limit on the size of a file (ulimit -f, LimitFSIZE= in the systemd unit)";
    case ENOSPC: return "; free space on the disk that holds it, or move it to a larger one";
    case EDQUOT: return "; the disk quota is used up: free space or raise the quota";
    case EROFS: return "; the disk is mounted read-only: mount it read-write (after a disk error, check it first)";
    case EACCES:
    case EPERM: return "; check the owner and mode of the file and of the folders above it";
    case EMFILE: return "; raise the limit of open files (ulimit -n, LimitNOFILE= in the systemd unit)";
    case ENFILE: return "; the whole machine is out of file descriptors (fs.file-max)";
    case EIO: return "; the disk reports an error: look into the kernel's log (dmesg) and check the disk";
    default: return "";
  }
}

auto holder_of(FileDescriptor const &file) -> std::string {
  char text[kMaxLockText];
  auto const size = ::pread(file.get(), text, sizeof text, 0);
  auto pid = 0;
  if (size > 0) std::from_chars(text, text + size, pid);
  return pid > 0 ? fmt::format("process {}", pid) : "another process";
}

auto read_some(FileDescriptor const &file, char *to, std::size_t size) -> ssize_t {
  auto got = ssize_t{-1};
  do got = ::read(file.get(), to, size);
  while (got < 0 && errno == EINTR);
  return got;
}

auto write_new_file(std::string const &path, std::string_view bytes, mode_t mode) -> Result<void> {
  TRY(auto const file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode));
  // The umask took bits away, and a leftover temporary file has the mode it had.
  if (::fchmod(file.get(), mode) != 0) return file_error(errno, "setting the mode of", path);
  TRY_VOID(write_all(file, bytes, path));
  if (::fsync(file.get()) != 0) return file_error(errno, "syncing", path);
  return ok;
}

}  // namespace

void FileDescriptor::reset(int descriptor) {
  // After EINTR the descriptor is gone all the same on Linux, so close is never tried again.
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = descriptor;
}

auto file_error(int error_number, std::string_view doing, std::string_view path) -> Error {
  auto error = system_error(error_number, fmt::format("{} {}", doing, printable(path)));
  error.sentence += advice(error_number);
  return error;
}

auto open_file(std::string const &path, int flags, mode_t mode) -> Result<FileDescriptor> {
  auto file = FileDescriptor{::open(path.c_str(), flags | O_CLOEXEC, mode)};
  if (!file.valid()) return file_error(errno, "opening", path);
  return file;
}

auto read_file(std::string const &path, std::uint64_t limit) -> Result<std::string> {
  TRY(auto const file, open_file(path, O_RDONLY));
  auto bytes = std::string{};
  for (;;) {
    auto const before = bytes.size();
    bytes.resize(before + kReadStep);
    auto const got = read_some(file, bytes.data() + before, kReadStep);
    if (got < 0) return file_error(errno, "reading", path);
    bytes.resize(before + static_cast<std::size_t>(got));
    if (bytes.size() > limit)
      return fail(ErrorCode::too_large, "{} is larger than the {} bytes allowed for it", printable(path), limit);
    if (got == 0) return bytes;
  }
}

auto write_all(FileDescriptor const &file, std::string_view bytes, std::string_view path) -> Result<void> {
  while (!bytes.empty()) {
    auto const written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error(errno, "writing", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return ok;
}

auto write_file_durably(std::string const &path, std::string_view bytes, mode_t mode) -> Result<void> {
  auto const temporary = path + ".tmp";
  auto outcome = write_new_file(temporary, bytes, mode);
  if (outcome && std::rename(temporary.c_str(), path.c_str()) != 0) outcome = file_error(errno, "replacing", path);
  if (!outcome) {
    ::unlink(temporary.c_str());
    return outcome;
  }
  return sync_folder(folder_of(path));
}

auto sync_folder(std::string const &folder) -> Result<void> {
  TRY(auto const opened, open_file(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(opened.get()) != 0) return file_error(errno, "syncing the folder", folder);
  return ok;
}

auto free_bytes(std::string const &path) -> Result<std::uint64_t> {
  struct statvfs disk{};
  if (::statvfs(path.c_str(), &disk) != 0) return file_error(errno, "asking for free space at", path);
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

auto LockFile::create(std::string const &path) -> Result<LockFile> {
  TRY(auto file, open_file(path, O_RDWR | O_CREAT));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return file_error(errno, "locking", path);
    return fail(ErrorCode::conflict, "{} is locked by {}; stop it first, or use another data directory",
                printable(path), holder_of(file));
  }
  if (::ftruncate(file.get(), 0) != 0) return file_error(errno, "emptying", path);
  TRY_VOID(write_all(file, fmt::format("{}\n", ::getpid()), path));
  return LockFile{std::move(file)};
}

}  // namespace noroshi
