// A backup: a folder with a copy of a data directory and a manifest of its files, written last.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace noroshi::apps {

struct BackupSummary {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

inline constexpr auto kManifest = "manifest.json";

/// Hashes every file below `folder` (SHA-256) and writes the manifest, durably. Until then the folder is no backup.
auto seal_backup(std::string const &folder) -> Result<BackupSummary>;

/// Every file that the manifest names is there with its hash, and no other one. Says which one is not.
auto check_backup(std::string const &folder) -> Result<BackupSummary>;

}  // namespace noroshi::apps
