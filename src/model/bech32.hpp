// Bitcoin's addresses of witness programs (BIP 173, BIP 350).
#pragma once

#include <string_view>

namespace noroshi::model {

/// Whether `lowered` is an address of the main network ("bc1…") in lower case with the right checksum: bech32 for
/// version 0, bech32m for later ones, and a program of a length that the version allows.
auto is_segwit_address(std::string_view lowered) -> bool;

}  // namespace noroshi::model
