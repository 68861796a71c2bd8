// Keccak as Ethereum and Monero took it up before it was a standard, and the standard that came of it.
#pragma once

#include <array>
#include <string_view>

namespace noroshi::model {

using Digest256 = std::array<unsigned char, 32>;

/// Keccak-256 with the padding of the competition's submission: not SHA-3.
auto keccak_256(std::string_view bytes) -> Digest256;
/// SHA3-256 (FIPS 202).
auto sha3_256(std::string_view bytes) -> Digest256;

}  // namespace noroshi::model
