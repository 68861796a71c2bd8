// What encrypts and authenticates the packets of one direction (RFC 4253 section 6, RFC 4344, RFC 5647, RFC 6668, and
// OpenSSH's PROTOCOL and PROTOCOL.chacha20poly1305).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace noroshi::codec::ssh {

/// Key material of one direction, as many bytes as sizes_of() says.
struct Keys {
  std::string cipher, iv, mac;
};
struct KeySizes {
  std::size_t cipher = 0, iv = 0, mac = 0;
};

/// A packet on its way in: its length may be known before the rest of it is there.
class Protection {
public:
  virtual ~Protection() = default;
  /// The packet's size without its MAC is a multiple of this; with `length_is_apart()`, without its length too.
  [[nodiscard]] virtual auto block() const -> std::size_t = 0;
  /// The length stands outside of what padding aligns: in the clear, or encrypted by itself.
  [[nodiscard]] virtual auto length_is_apart() const -> bool = 0;
  /// Bytes that follow a packet to prove it.
  [[nodiscard]] virtual auto proof_bytes() const -> std::size_t = 0;
  /// So many bytes of a packet have to be there before its length can be read.
  [[nodiscard]] auto head_bytes() const -> std::size_t { return length_is_apart() ? 4 : block(); }

  /// Reads the length off a packet's first head_bytes(). Once a packet, before open(); may decrypt them in place.
  virtual auto open_head(std::uint32_t sequence, char *head) -> std::uint32_t = 0;
  /// Decrypts the rest in place: `packet` is the length, what it counts, and the proof. False: the proof is wrong.
  virtual auto open(std::uint32_t sequence, char *packet, std::size_t size) -> bool = 0;
  /// Encrypts a whole packet in place and appends its proof.
  virtual void seal(std::uint32_t sequence, std::string &packet) = 0;
};

/// Of the names that this file knows; unknown names have no sizes.
auto sizes_of(std::string_view cipher, std::string_view mac) -> Result<KeySizes>;
/// `mac` is not read where the cipher authenticates. unsupported names are malformed.
enum class Direction : std::uint8_t { in, out };
auto make_protection(std::string_view cipher, std::string_view mac, Keys const &keys, Direction direction)
    -> Result<std::unique_ptr<Protection>>;
/// Before the first SSH_MSG_NEWKEYS.
auto make_no_protection() -> std::unique_ptr<Protection>;

/// Names that make_protection() can do: for tests that try each.
auto known_ciphers() -> std::vector<std::string_view>;
auto known_macs() -> std::vector<std::string_view>;

}  // namespace noroshi::codec::ssh
