// Files by Landlock: raw system calls, since Debian 12's headers and C library know only ABI 2 or nothing of it.
// Numbers from the kernel's include/uapi/linux/landlock.h.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/confine_parts.hpp"
#include "base/file.hpp"

// Test programs may define this to pretend an older kernel. The product never does, so it is null there.
extern "C" [[gnu::weak]] auto confine_landlock_abi_for_test() -> int;

namespace noroshi::confinement {

namespace {

struct RulesetAttributes {
  std::uint64_t handled_files;
  std::uint64_t handled_network;  // ABI 4
  std::uint64_t scoped;           // ABI 6
};
struct [[gnu::packed]] PathBeneath {
  std::uint64_t allowed;
  std::int32_t parent;
};
constexpr auto kRulePathBeneath = 1;
constexpr auto kCreateRulesetVersion = 1U;

constexpr auto bit(unsigned number) -> std::uint64_t { return std::uint64_t{1} << number; }

constexpr auto kWriteFile = bit(1), kReadFile = bit(2), kReadFolder = bit(3), kRemoveFolder = bit(4),
               kRemoveFile = bit(5), kMakeFolder = bit(7), kMakeFile = bit(8), kRefer = bit(13), kTruncate = bit(14);
/// What a folder of our own allows: no execution, no devices, sockets, pipes or links.
constexpr auto kOwnFolder =
    kWriteFile | kReadFile | kReadFolder | kRemoveFolder | kRemoveFile | kMakeFolder | kMakeFile | kRefer | kTruncate;

/// All that a kernel of that ABI can restrict.
auto restrictable(int abi) -> RulesetAttributes {
  auto file_rights = 13U;          // ABI 1
  if (abi >= 2) file_rights = 14;  // moving between folders
  if (abi >= 3) file_rights = 15;  // truncation
  if (abi >= 5) file_rights = 16;  // ioctl on devices
  return {.handled_files = bit(file_rights) - 1,
          .handled_network = abi >= 4 ? bit(0) | bit(1) : 0,  // TCP bind, connect
          .scoped = abi >= 6 ? bit(0) | bit(1) : 0};          // abstract Unix sockets, signals
}

auto abi_of_kernel() -> int {
  auto abi = static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, kCreateRulesetVersion));
  if (confine_landlock_abi_for_test != nullptr && abi > 0) abi = std::min(abi, confine_landlock_abi_for_test());
  return abi;
}

/// Allows `folder` in the ruleset; the reason where that fails.
auto allow_folder(FileDescriptor const &ruleset, OpenedFolder const &folder, std::uint64_t handled) -> Result<void> {
  if (!folder.opened) return folder.opened.error();
  auto const rule = PathBeneath{kOwnFolder & handled, folder.opened->get()};
  if (::syscall(SYS_landlock_add_rule, ruleset.get(), kRulePathBeneath, &rule, 0) != 0)
    return file_error(errno, "allowing", folder.path);
  return ok;
}

auto describe(int abi, RulesetAttributes const &handled, std::size_t folders) -> std::string {
  auto text = fmt::format("ABI {}: files only below {} folder{}", abi, folders, folders == 1 ? "" : "s");
  if (handled.handled_network != 0) text += "; no TCP bind or connect";
  if (handled.scoped != 0) text += "; no signals or abstract sockets outside";
  return text;
}

/// Landlock takes only the calling thread, so one that runs already escapes it.
auto other_threads() -> bool {
  auto failed = std::error_code{};
  auto const threads = std::filesystem::directory_iterator{"/proc/self/task", failed};
  return !failed && std::distance(threads, {}) > 1;
}

}  // namespace

auto open_folders(std::vector<std::string> const &paths) -> std::vector<OpenedFolder> {
  auto folders = std::vector<OpenedFolder>{};
  for (auto const &path : paths) folders.push_back({path, open_file(path, O_PATH | O_DIRECTORY)});
  return folders;
}

auto restrict_files(std::vector<OpenedFolder> const &writable_folders) -> Protection {
  auto protection = Protection{"landlock", false, {}};
  auto const abi = abi_of_kernel();
  if (abi < 1) {
    protection.reason =
        system_error(errno, "this kernel offers no Landlock (5.13 or later, in the list lsm=)").sentence;
    return protection;
  }
  auto const handled = restrictable(abi);
  auto const ruleset =
      FileDescriptor{static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0))};
  if (!ruleset.valid()) {
    protection.reason = system_error(errno, "making a Landlock ruleset").sentence;
    return protection;
  }
  auto troubles = std::string{};
  for (auto const &folder : writable_folders)
    if (auto const allowed = allow_folder(ruleset, folder, handled.handled_files); !allowed)
      troubles += "; " + allowed.error().sentence;
  auto const escaping = other_threads();
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    protection.reason = system_error(errno, "entering the Landlock ruleset").sentence;
    return protection;
  }
  protection.active = !escaping;
  protection.reason = describe(abi, handled, writable_folders.size()) + troubles;
  if (escaping) protection.reason += "; threads that ran before are not covered";
  return protection;
}

}  // namespace noroshi::confinement
