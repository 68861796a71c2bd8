// Diffie-Hellman modulo a prime (RFC 4253 section 8), for SSH's key exchanges.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace noroshi::codec::ssh {

/// `prime` big-endian.
struct DhGroup {
  std::string prime;
  unsigned generator = 2;
  unsigned bits = 0;
};

/// The groups of RFC 2409 and RFC 3526 by number: 1, 14, 15, 16, 17, 18; nullptr for others.
auto fixed_group(unsigned number) -> DhGroup const *;

struct DhAnswer {
  std::string value, secret;  // big-endian, of any length
};
/// Our value and the shared secret for `theirs` (an mpint's bytes). malformed: it is not between 1 and the prime less
/// one, or fewer than `least_bits` bits are set in it: OpenSSH takes none that nobody drew at random.
auto dh_answer(DhGroup const &group, std::string_view theirs, std::function<void(std::span<char>)> const &random,
               int least_bits = 4) -> Result<DhAnswer>;

}  // namespace noroshi::codec::ssh
