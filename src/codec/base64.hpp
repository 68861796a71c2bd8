// Base64 of logs and headers back into bytes (RFC 4648 section 4).
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace noroshi::codec {

/// Replaces `bytes` with what `text` stands for. Padding may be missing; anything else that is not the alphabet is
/// malformed.
auto from_base64(std::string_view text, std::string &bytes) -> Result<void>;

}  // namespace noroshi::codec
