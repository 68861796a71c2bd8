#include "base/confine.hpp"

#include <cerrno>

#include <pwd.h>

#include "base/confine_parts.hpp"
#include "base/text.hpp"

namespace noroshi {

auto find_user(std::string const &name) -> Result<UserIds> {
  // passwd entries are lines of a file; sysconf's hint is often absent, and this is far above any.
  char buffer[16 * 1024];
  auto entry = ::passwd{};
  auto *found = static_cast<::passwd *>(nullptr);
  if (auto const failed = ::getpwnam_r(name.c_str(), &entry, buffer, sizeof buffer, &found); failed != 0)
    return system_error(failed, fmt::format("looking for the user {}", printable(name)));
  if (found == nullptr)
    return fail(ErrorCode::not_found, "this machine has no user {}; make one (useradd --system {}), or name another",
                printable(name), printable(name));
  return UserIds{found->pw_uid, found->pw_gid};
}

auto confine(Confinement const &confinement) -> std::vector<Protection> {
  using namespace confinement;
  auto protections = std::vector<Protection>{};
  // The paths of folders may be walkable for root alone, the bounding set needs root, the user change comes before the
  // capabilities it needs are gone, and the system call list forbids most of what the steps before it do.
  auto const folders = open_folders(confinement.writable_folders);
  auto bounding = drop_bounding_set();
  protections.push_back(become_user(confinement.run_as));
  protections.push_back(drop_capabilities(std::move(bounding)));
  protections.push_back(forbid_new_privileges());
  protections.push_back(forbid_core_dumps());
  protections.push_back(restrict_files(folders));
  protections.push_back(restrict_system_calls());
  return protections;
}

}  // namespace noroshi
