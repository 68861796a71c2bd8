// A folder of its own for one test case, removed with everything in it at the end.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace noroshi::test {

class TemporaryFolder {
public:
  TemporaryFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "noroshi-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder at " + pattern);
    path_ = pattern;
  }
  TemporaryFolder(TemporaryFolder const &) = delete;
  auto operator=(TemporaryFolder const &) -> TemporaryFolder & = delete;
  ~TemporaryFolder() {
    auto ignored = std::error_code{};
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] auto path() const -> std::string const & { return path_; }
  [[nodiscard]] auto operator/(std::string_view name) const -> std::string { return path_ + "/" + std::string{name}; }

private:
  std::string path_;
};

}  // namespace noroshi::test
