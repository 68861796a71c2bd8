// What makes this node differ from every other one in what its decoys show: a secret of its own, and choices keyed by
// it. It protects nothing; it only has to be unknown to visitors and the same after a restart.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace noroshi::sense {

/// All zero in tests: choices are then the same everywhere.
struct NodeSecret {
  std::array<unsigned char, 32> bytes{};

  /// 64 bits that depend on the secret and on `of` alone (keyed BLAKE2b).
  [[nodiscard]] auto hash(std::string_view of) const -> std::uint64_t;
  /// So many lower-case hexadecimal digits, at most 128.
  [[nodiscard]] auto hex(std::string_view of, std::size_t digits) const -> std::string;
};

/// The secret kept in the spool folder ("persona.key"), made there at the first start. Call it before the process
/// confines itself.
auto load_node_secret(std::string const &spool_folder) -> Result<NodeSecret>;

}  // namespace noroshi::sense
