// Base58, the alphabet of Bitcoin's and Monero's addresses, which cut their bytes differently.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace noroshi::model {

/// Whether all characters are of the alphabet: digits and letters without 0, O, I and l.
auto is_base58(std::string_view text) -> bool;

/// Bitcoin's: one number, a zero byte for each leading "1". Nothing for other characters, or more than 64 of them (an
/// address has 35; the work grows with the square).
auto from_base58(std::string_view text) -> std::optional<std::string>;

/// Monero's (CryptoNote standard 007): eight bytes as eleven characters each, the rest as fewer. Nothing for other
/// characters, lengths that no bytes have, and numbers too large for their bytes.
auto from_blockwise_base58(std::string_view text) -> std::optional<std::string>;

}  // namespace noroshi::model
