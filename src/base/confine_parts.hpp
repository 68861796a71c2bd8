// The single protections behind confine(), in the order in which it takes them. Not for other modules.
#pragma once

#include "base/confine.hpp"

namespace noroshi::confinement {

auto become_user(std::optional<UserIds> const &run_as) -> Protection;
auto drop_bounding_set() -> Protection;
/// `bounding` is what drop_bounding_set() said, since that must come before the change of user, and this after it.
auto drop_capabilities(Protection bounding) -> Protection;
auto forbid_new_privileges() -> Protection;
auto forbid_core_dumps() -> Protection;
auto restrict_files(std::vector<std::string> const &writable_folders) -> Protection;
auto restrict_system_calls() -> Protection;

}  // namespace noroshi::confinement
