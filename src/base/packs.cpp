#include "base/packs.hpp"

#include <cstdlib>
#include <filesystem>

namespace noroshi {

auto packs_folder() -> Result<std::string> {
  namespace fs = std::filesystem;
  if (auto const *const named = std::getenv("NOROSHI_PACKS"); named != nullptr && *named != '\0')
    return std::string{named};
  auto error = std::error_code{};
  auto const program = fs::read_symlink("/proc/self/exe", error);
  auto const folder = program.parent_path();
  for (auto const *below : {"packs", "../packs", "../share/noroshi/packs"}) {
    auto const candidate = (folder / below).lexically_normal();
    if (fs::is_directory(candidate / "text", error)) return candidate.string();
  }
  return fail(ErrorCode::not_found,
              "the data that Noroshi ships (packs) is neither beside {} nor in ../packs or ../share/noroshi/packs; "
              "reinstall, or name the folder in NOROSHI_PACKS",
              folder.string());
}

}  // namespace noroshi
