// Block ciphers in the modes of SSH that only encrypt: counter (RFC 4344) and chaining (RFC 4253 section 6.3).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/ssh/protection.hpp"

namespace noroshi::codec::ssh {

inline constexpr auto kMostBlockKey = std::size_t{32};
inline constexpr auto kMostBlock = std::size_t{16};

/// A cipher in its mode; sizes in bytes.
struct BlockForm {
  std::string_view name;
  std::size_t key, block;
  /// `state` (a block) is what one packet leaves to the next.
  void (*out)(std::uint8_t const *key, std::uint8_t *state, std::uint8_t *bytes, std::size_t size);
  void (*in)(std::uint8_t const *key, std::uint8_t *state, std::uint8_t *bytes, std::size_t size);
};
auto block_forms() -> std::vector<BlockForm> const &;

/// One direction's, from its first byte on. The key alone is kept, not its schedule: that is made anew for each packet
/// in a tenth of a microsecond, and would be most of what a held session has.
class BlockStream {
public:
  /// `form` outlives the stream; `keys` has its sizes.
  BlockStream(BlockForm const &form, Keys const &keys, Direction direction);
  /// In place; `size` is a multiple of the block.
  void run(char *bytes, std::size_t size) {
    run_(key_.data(), state_.data(), reinterpret_cast<std::uint8_t *>(bytes), size);
  }

private:
  void (*run_)(std::uint8_t const *key, std::uint8_t *state, std::uint8_t *bytes, std::size_t size);
  std::array<std::uint8_t, kMostBlockKey> key_{};
  std::array<std::uint8_t, kMostBlock> state_{};
};

}  // namespace noroshi::codec::ssh
