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

auto geo_folder() -> std::string {
  namespace fs = std::filesystem;
  if (auto const *const named = std::getenv("NOROSHI_GEO"); named != nullptr && *named != '\0') return named;
  auto error = std::error_code{};
  auto const folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (auto const *below : {"geo", "deps/geo", "../geo", "../share/noroshi/geo"}) {
    auto const candidate = (folder / below).lexically_normal();
    if (fs::is_directory(candidate, error)) return candidate.string();
  }
  return {};
}

}  // namespace noroshi
