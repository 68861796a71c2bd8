#include "codec/base64.hpp"

#include <array>
#include <cstdint>

namespace noroshi::codec {

namespace {

constexpr auto kAlphabet = std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"};

constexpr auto kValues = [] {
  auto values = std::array<std::int8_t, 256>{};
  values.fill(-1);
  for (auto i = std::size_t{0}; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  return values;
}();

}  // namespace

auto from_base64(std::string_view text, std::string &bytes) -> Result<void> {
  bytes.clear();
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return fail(ErrorCode::malformed, "base64 text of {} characters is cut", text.size());
  bytes.reserve(text.size() / 4 * 3 + 3);
  auto held = std::uint32_t{0};
  auto bits = 0;
  for (auto const character : text) {
    auto const value = kValues[static_cast<unsigned char>(character)];
    if (value < 0) return fail(ErrorCode::malformed, "a character that is not base64");
    held = (held << 6) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<char>((held >> bits) & 0xff));
  }
  return ok;
}

}  // namespace noroshi::codec
