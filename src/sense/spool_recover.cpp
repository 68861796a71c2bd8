// What happens before the first frame is written: the lock, the epoch, and the segments that a dead writer left open.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "model/batch.hpp"
#include "sense/spool.hpp"

namespace noroshi::sense {
namespace {

/// Open segments are sealed at a few megabytes; a larger file was not written by us.
constexpr auto kMaxOpenSegment = std::size_t{256} << 20;

auto folder_error(std::string_view doing) -> Error { return file_error(errno, doing, "the spool folder"); }

auto names_in(int folder) -> Result<std::vector<std::string>> {
  auto const copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  auto *const stream = copy < 0 ? nullptr : ::fdopendir(copy);
  if (stream == nullptr) return folder_error("listing");
  auto names = std::vector<std::string>{};
  while (auto const *const entry = ::readdir(stream)) names.emplace_back(entry->d_name);
  ::closedir(stream);
  std::ranges::sort(names);
  return names;
}

auto read_whole(int file, std::size_t limit) -> Result<std::string> {
  auto bytes = std::string{};
  auto chunk = std::array<char, 65536>{};
  while (bytes.size() <= limit) {
    auto const got = ::pread(file, chunk.data(), chunk.size(), static_cast<off_t>(bytes.size()));
    if (got == 0) return bytes;
    if (got < 0) return folder_error("reading a segment of");
    bytes.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return fail(ErrorCode::too_large, "a file of the spool folder is larger than {} bytes", limit);
}

}  // namespace

auto Spool::create(FileDescriptor folder, SpoolOptions options) -> Result<std::unique_ptr<Spool>> {
  auto spool = std::unique_ptr<Spool>{new Spool{std::move(folder), options}};
  TRY_VOID(spool->lock());
  TRY_VOID(spool->raise_epoch());
  TRY_VOID(spool->recover());
  TRY_VOID(spool->list_sealed());
  return spool;
}

auto Spool::lock() -> Result<void> {
  lock_ = FileDescriptor{::openat(folder_.get(), "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0640)};
  if (!lock_.valid()) return folder_error("opening the lock file of");
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorCode::conflict,
                "another process writes this spool folder; stop it, or use another data directory");
  return ok;
}

auto Spool::raise_epoch() -> Result<void> {
  auto stored = std::uint64_t{0};
  if (auto const old = FileDescriptor{::openat(folder_.get(), "epoch", O_RDONLY | O_CLOEXEC)}; old.valid()) {
    TRY(auto const text, read_whole(old.get(), 64));
    auto const parsed = std::from_chars(text.data(), text.data() + text.size(), stored);
    if (parsed.ec != std::errc{}) stored = 0;  // the system clock alone keeps it growing then
  }
  auto const seconds =
      std::chrono::duration_cast<std::chrono::seconds>(system_clock().now().time_since_epoch()).count();
  epoch_ = std::max(stored + 1, static_cast<std::uint64_t>(seconds));
  auto const text = fmt::format("{}\n", epoch_);
  auto const file =
      FileDescriptor{::openat(folder_.get(), "epoch.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)};
  if (!file.valid()) return folder_error("writing the epoch of");
  TRY_VOID(write_all(file, text, "the spool's epoch"));
  if (::fsync(file.get()) != 0 || ::renameat(folder_.get(), "epoch.tmp", folder_.get(), "epoch") != 0 ||
      ::fsync(folder_.get()) != 0)
    return folder_error("storing the epoch of");
  return ok;
}

auto Spool::recover() -> Result<void> {
  TRY(auto const names, names_in(folder_.get()));
  for (auto const &name : names)
    if (name.ends_with(".open")) TRY_VOID(recover_segment(name));
  if (::fsync(folder_.get()) != 0) return folder_error("syncing");
  return ok;
}

/// The segment gets the new epoch: sequences of its own one may have been sent and deleted already.
auto Spool::recover_segment(std::string const &name) -> Result<void> {
  // What cannot be read as a segment is put aside: nothing that lies there may keep the decoys from starting.
  auto const put_aside = [&] {
    ::renameat(folder_.get(), name.c_str(), folder_.get(), (name + ".damaged").c_str());
    ++counters_.failures;
  };
  auto const file = FileDescriptor{::openat(folder_.get(), name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  struct stat facts{};
  if (!file.valid() || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
    put_aside();
    return ok;
  }
  auto const read = read_whole(file.get(), kMaxOpenSegment);
  if (!read) {
    put_aside();
    return ok;
  }
  auto const &bytes = *read;
  auto const header = model::read_segment_header(bytes);
  if (!header && bytes.size() > model::kSegmentHeaderBytes) {
    put_aside();
    return ok;
  }
  auto const sound =
      header ? model::count_frames(std::string_view{bytes}.substr(model::kSegmentHeaderBytes)) : model::FrameCount{};
  if (sound.frames == 0) {
    ::unlinkat(folder_.get(), name.c_str(), 0);
    return ok;
  }
  auto const fresh = model::segment_header(epoch_);
  if (::ftruncate(file.get(), static_cast<off_t>(model::kSegmentHeaderBytes + sound.bytes)) != 0 ||
      ::pwrite(file.get(), fresh.data(), fresh.size(), 0) != static_cast<ssize_t>(fresh.size()) ||
      ::fdatasync(file.get()) != 0)
    return folder_error("recovering a left segment of");
  auto const sealed = model::SegmentName{epoch_, ++sequence_, sound.frames}.to_string();
  if (::renameat(folder_.get(), name.c_str(), folder_.get(), sealed.c_str()) != 0)
    return folder_error("sealing a left segment of");
  counters_.recovered += sound.frames;
  return ok;
}

auto Spool::list_sealed() -> Result<void> {
  TRY(auto const names, names_in(folder_.get()));
  for (auto const &name : names) {
    auto const parsed = model::SegmentName::parse(name);
    struct stat facts{};
    if (!parsed || ::fstatat(folder_.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;
    remember({name, static_cast<std::uint64_t>(facts.st_size), parsed->frames});
  }
  enforce_cap();
  return ok;
}

}  // namespace noroshi::sense
