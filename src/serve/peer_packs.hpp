// The operator's own packs (personas), as sensors fetch them: by the hash of their content.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "model/key_pin.hpp"

namespace noroshi::serve {

/// A persona is a few KiB, with long pages a few hundred.
inline constexpr auto kMaxPackBytes = std::uint64_t{1} << 20;
/// An operator's own personas; each sensor reads them all at its start.
inline constexpr auto kMaxPacks = std::size_t{256};

struct Pack {
  std::string name;    // "gateway.toml", in packs/personas
  std::string sha256;  // hexadecimal
  std::string content;
};

struct PackList {
  std::vector<Pack> packs;  // by name
  std::string digest;       // of all names and hashes; "0" where there is no pack
};

/// What *.toml files lie in one folder. Thread-safe; looks again after a few seconds.
class PeerPacks {
public:
  explicit PeerPacks(std::string folder) : folder_(std::move(folder)) {}
  auto list() -> std::shared_ptr<PackList const>;

private:
  auto read() const -> PackList;

  std::string folder_;
  std::mutex mutex_;
  std::shared_ptr<PackList const> known_;  // shared with the requests that read it while it is replaced
  std::chrono::steady_clock::time_point read_at_;
};

/// A file name without folders, of letters, digits and . _ -, ending in .toml, that no shell or file system reads as
/// anything else.
auto is_pack_name(std::string_view name) -> bool;

}  // namespace noroshi::serve
