// The one-time code with which a sensor joins a node: where the node is, by which key to know it, and a secret.
//
// code  = "nrj1" and base32 of body and check; spaces, line ends and '-' in it are passed over
// body  = 20 bytes secret, 32 bytes pin of the node's key (model/key_pin.hpp), u8 count of addresses, then for each
//         u8 length and "host:port"
// check = the first 4 bytes of SHA-256 of body: a typing error passes it once in four thousand million times
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/key_pin.hpp"

namespace noroshi::codec {

inline constexpr auto kEnrolmentSecretBytes = std::size_t{20};  // 160 bits, as API keys have
/// A node has a handful of addresses; the code is to be copied by hand if it must.
inline constexpr auto kMaxEnrolmentAddresses = std::size_t{8};
/// A host name has at most 253 characters, and the port follows (RFC 1035 section 2.3.4).
inline constexpr auto kMaxEnrolmentAddressBytes = std::size_t{253 + 6};

struct EnrolmentCode {
  std::string secret;  // kEnrolmentSecretBytes
  model::KeyPin node;
  std::vector<std::string> addresses;  // "host:port", IPv6 in brackets; at least one

  [[nodiscard]] auto to_string() const -> std::string;
  /// malformed with a sentence that says what is wrong: no code at all, a typing error, cut off.
  static auto parse(std::string_view text) -> Result<EnrolmentCode>;
};

/// "host:port" with letters, digits and . _ - in the host (an IPv6 address in brackets) and a port from 1 to 65535.
auto check_peer_address(std::string_view address) -> Result<void>;

/// SHA-256: what a node keeps of a secret, and by what packs are named.
auto sha256(std::string_view bytes) -> model::KeyPin;

}  // namespace noroshi::codec
