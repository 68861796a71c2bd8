#include "base/folder_copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/file.hpp"

namespace noroshi {
namespace {

namespace fs = std::filesystem;

auto copy_one(std::string const &from, std::string const &to) -> Result<void> {
  auto error = std::error_code{};
  fs::copy_file(from, to, error);  // copy_file_range(2): shares blocks where the file system can
  if (error) return file_error(error.value(), "cannot copy " + from + " to", to);
  TRY(auto const file, open_file(to, O_RDONLY));
  if (::fsync(file.get()) != 0) return file_error(errno, "cannot sync", to);
  return ok;
}

}  // namespace

auto copy_folder(std::string const &from, std::string const &to, std::function<CopyHow(std::string const &)> const &how)
    -> Result<void> {
  if (::mkdir(to.c_str(), 0700) != 0 && errno != EEXIST) return file_error(errno, "cannot make the folder", to);
  auto error = std::error_code{};
  for (auto entry = fs::directory_iterator{from, error}; entry != fs::directory_iterator{}; entry.increment(error)) {
    if (error) break;
    auto const path = entry->path().string();
    auto const target = to + "/" + entry->path().filename().string();
    auto const chosen = how(path);
    if (chosen == CopyHow::leave_out || entry->is_symlink()) continue;
    if (entry->is_directory()) {
      TRY_VOID(copy_folder(path, target, how));
    } else if (entry->is_regular_file()) {
      if (chosen == CopyHow::link && ::link(path.c_str(), target.c_str()) == 0) continue;
      TRY_VOID(copy_one(path, target));
    }
  }
  if (error) return file_error(error.value(), "cannot read the folder", from);
  return sync_folder(to);
}

}  // namespace noroshi
