// Base32 (RFC 4648 section 6) in lower case and without padding: text that survives being read out over a telephone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace noroshi::codec {

auto to_base32(std::string_view bytes) -> std::string;

/// Upper and lower case alike. Nothing where a character is none of the alphabet, the length is impossible, or bits
/// are left over that to_base32() would not have written.
auto from_base32(std::string_view text) -> std::optional<std::string>;

}  // namespace noroshi::codec
