// Around which addresses a run has blocks at all: an address that nothing encloses costs a few bits, not a probe for
// each prefix length in use.
#pragma once

#include <cstdint>
#include <vector>

#include "model/ip.hpp"

namespace noroshi::know::engine {

/// IPv4: one bit for each /24 that a block touches (2 MiB). IPv6: bits under a hash of the /48, and of the /32 for
/// wider blocks; any block wider than that touches all. Says "perhaps" wrongly at times, "no" never.
class TouchedBlocks {
public:
  void add(model::IpAddress address, unsigned length);
  [[nodiscard]] auto may_enclose(model::IpAddress address) const -> bool;

private:
  using Bits = std::vector<std::uint64_t>;
  Bits v4_, v6_48_, v6_32_;  // empty while there is no such block
  bool all_v6_ = false;
};

}  // namespace noroshi::know::engine
