// The primes that group exchange offers: a list as OpenSSH keeps it, and its choice among them (moduli(5), RFC 4419).
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/ssh/dh.hpp"
#include "codec/ssh/kex.hpp"

namespace noroshi::codec::ssh {

/// Lines of `time type tests tries size generator modulus`, the size in bits less one, the modulus hexadecimal; those
/// that begin with # are left out. malformed, with the line's number: another form, a prime that nobody tested or that
/// is not safe, or a size that is not the modulus's.
auto parse_moduli(std::string_view text) -> Result<std::vector<DhGroup>>;

/// As OpenSSH's sshd chooses for a client's wishes (bits): one at random of the smallest size that is no less than
/// wanted, else of the largest, all within its own bounds and the client's; where `moduli` has none of these, the fixed
/// group that `most` allows. nullptr: the wishes contradict each other.
auto choose_modulus(std::vector<DhGroup> const &moduli, GroupWish const &wish, Random const &random) -> DhGroup const *;

}  // namespace noroshi::codec::ssh
