// The single protections behind confine(), in the order in which it takes them. Not for other modules.
#pragma once

#include "base/confine.hpp"
#include "base/file.hpp"

namespace noroshi::confinement {

auto become_user(std::optional<UserIds> const &run_as) -> Protection;
auto drop_bounding_set() -> Protection;
/// `bounding` is what drop_bounding_set() said, since that must come before the change of user, and this after it.
auto drop_capabilities(Protection bounding) -> Protection;
auto forbid_new_privileges() -> Protection;
auto forbid_core_dumps() -> Protection;
/// A folder that stays usable, opened while its path could still be walked: a data directory is often its owner's
/// alone.
struct OpenedFolder {
  std::string path;
  Result<FileDescriptor> opened;
};
auto open_folders(std::vector<std::string> const &paths) -> std::vector<OpenedFolder>;
auto restrict_files(std::vector<OpenedFolder> const &writable_folders) -> Protection;
auto restrict_system_calls() -> Protection;

}  // namespace noroshi::confinement
