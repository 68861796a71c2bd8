// SHA-256 in pieces, for what a visitor sends in pieces.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <sodium.h>

#include "base/bytes.hpp"

namespace noroshi::sense {

class Sha256 {
public:
  Sha256() { ::crypto_hash_sha256_init(&state_); }
  void add(std::string_view bytes) {
    ::crypto_hash_sha256_update(&state_, reinterpret_cast<unsigned char const *>(bytes.data()), bytes.size());
  }
  /// Lower-case hexadecimal of everything added. Ends the computation.
  auto hex() -> std::string {
    auto digest = std::array<char, crypto_hash_sha256_BYTES>{};
    ::crypto_hash_sha256_final(&state_, reinterpret_cast<unsigned char *>(digest.data()));
    return to_hex({digest.data(), digest.size()});
  }

private:
  ::crypto_hash_sha256_state state_{};
};

}  // namespace noroshi::sense
