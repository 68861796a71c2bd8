// ASCII without locales, and how foreign text is quoted in sentences.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace noroshi::model {

/// "\"…\"" for sentences: the beginning of the text, safe to show.
auto quoted(std::string_view text) -> std::string;

inline auto is_digit(char character) -> bool { return character >= '0' && character <= '9'; }
inline auto is_letter(char character) -> bool { return (character | 0x20) >= 'a' && (character | 0x20) <= 'z'; }
inline auto lower(char character) -> char {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character + ('a' - 'A')) : character;
}
inline auto lower(std::string_view text) -> std::string {
  auto lowered = std::string{text};
  for (auto &character : lowered) character = lower(character);
  return lowered;
}
/// The value of a hexadecimal digit, or -1.
inline auto hex_value(char character) -> int {
  if (is_digit(character)) return character - '0';
  auto const letter = static_cast<char>(character | 0x20);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/// A set of bytes, asked in one load.
class CharacterSet {
public:
  explicit constexpr CharacterSet(std::string_view members) {
    for (auto const member : members) table_[static_cast<unsigned char>(member)] = true;
  }
  [[nodiscard]] constexpr auto contains(char character) const -> bool {
    return table_[static_cast<unsigned char>(character)];
  }

private:
  std::array<bool, 256> table_{};
};

}  // namespace noroshi::model
