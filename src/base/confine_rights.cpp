// Who the process is and what it could become: user, capabilities, no_new_privs, core dumps.
#include <cerrno>

#include <cap-ng.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/confine_parts.hpp"

namespace noroshi::confinement {

namespace {

auto inactive(std::string name, int error_number, std::string_view doing) -> Protection {
  return {std::move(name), false, system_error(error_number, doing).sentence};
}

}  // namespace

auto become_user(std::optional<UserIds> const &run_as) -> Protection {
  if (::geteuid() != 0) return {"user", true, fmt::format("runs as user {}, not root", ::geteuid())};
  if (!run_as || run_as->user == 0) return {"user", false, "started as root, and no other user to become is given"};
  if (::setgroups(0, nullptr) != 0) return inactive("user", errno, "leaving root's groups");
  if (::setresgid(run_as->group, run_as->group, run_as->group) != 0)
    return inactive("user", errno, fmt::format("becoming group {}", run_as->group));
  if (::setresuid(run_as->user, run_as->user, run_as->user) != 0)
    return inactive("user", errno, fmt::format("becoming user {}", run_as->user));
  if (::setresuid(0, 0, 0) == 0) return {"user", false, "the way back to root is still open"};
  return {"user", true,
          fmt::format("root became user {}, group {}, without other groups", run_as->user, run_as->group)};
}

auto drop_bounding_set() -> Protection {
  ::capng_clear(CAPNG_SELECT_BOTH);
  if (::capng_apply(CAPNG_SELECT_BOUNDS) == 0) return {"capabilities", true, "none, and none to regain"};
  // Without CAP_SETPCAP the set stays. It matters only to a program started by execve, which is refused.
  return {"capabilities", true, "none; the bounding set needs root to be dropped and stays"};
}

auto drop_capabilities(Protection bounding) -> Protection {
  ::capng_clear(CAPNG_SELECT_ALL);
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);  // kernels before 4.3 have no ambient set to clear
  if (::capng_apply(CAPNG_SELECT_CAPS) != 0) return inactive("capabilities", errno, "dropping capabilities");
  ::capng_get_caps_process();
  if (::capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
    return {"capabilities", false, "some are left after dropping them"};
  return bounding;
}

auto forbid_new_privileges() -> Protection {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return inactive("no_new_privileges", errno, "setting no_new_privs");
  return {"no_new_privileges", true, "no program started from here can gain rights"};
}

auto forbid_core_dumps() -> Protection {
  auto const none = ::rlimit{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return inactive("no_core_dumps", errno, "forbidding core files");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return inactive("no_core_dumps", errno, "clearing the dumpable flag");
  return {"no_core_dumps", true, "no core file, and no ptrace by others of the same user"};
}

}  // namespace noroshi::confinement
