// Streamlined NTRU Prime with p = 761, q = 4591, w = 286: the post-quantum half of sntrup761x25519-sha512@openssh.com.
// After the specification of NTRU Prime (round 3, section 3 and 4: parameters, encodings, hashes); the side of who
// answers.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace noroshi::codec::ssh {

inline constexpr auto kSntrupPublicKeyBytes = std::size_t{1158};
inline constexpr auto kSntrupCiphertextBytes = std::size_t{1039};
inline constexpr auto kSntrupSecretBytes = std::size_t{32};

struct SntrupAnswer {
  std::string ciphertext;  // kSntrupCiphertextBytes
  std::string secret;      // kSntrupSecretBytes
};

/// Makes a secret that only the owner of `public_key` learns, from the ciphertext. `random` fills a buffer. Any key of
/// the right size has an answer (the specification reads each number modulo its range); malformed: another size.
auto sntrup_encapsulate(std::string_view public_key, std::function<void(std::span<char>)> const &random)
    -> Result<SntrupAnswer>;

}  // namespace noroshi::codec::ssh
