#include "know/observations/observations_copy.hpp"

#include "base/folder_copy.hpp"

namespace noroshi::know::observations {

auto copy_store(Core &core, std::string const &folder) -> Result<void> {
  // In this order everywhere. While both are held nothing writes to DuckDB's file, so that file and log are one state.
  auto const maintenance = std::scoped_lock{core.maintenance_mutex};
  auto const apply = std::scoped_lock{core.apply_mutex};
  core.step("copying");
  return copy_folder(core.paths.directory, folder, [&](std::string const &path) {
    if (path == core.paths.lock || path.starts_with(core.paths.temporary)) return CopyHow::leave_out;
    // A day's files never change once they have their names.
    return path.starts_with(core.paths.days + "/") ? CopyHow::link : CopyHow::copy;
  });
}

}  // namespace noroshi::know::observations
