#include "base/text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace noroshi {

namespace {

// Keys and commands are shorter; a longer word costs a quadratic table and is a typing error of another kind.
constexpr auto kMaxWord = std::size_t{64};

auto byte_at(std::string_view bytes, std::size_t at) -> std::uint32_t { return static_cast<unsigned char>(bytes[at]); }

/// How many bytes a sequence with this first byte has, 0 where none begins with it.
auto sequence_size(std::uint32_t first) -> std::size_t {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

/// The smallest code point that needs so many bytes: a smaller one is an overlong form.
constexpr auto kSmallest = std::array<std::uint32_t, 5>{0, 0, 0x80, 0x800, 0x10000};

struct Range {
  std::uint32_t first, last;
};
// Unicode: general categories Cc, Cf, Zl and Zp as far as they change how a line looks, variation selectors apart.
constexpr auto kInvisible = std::array{
    Range{0x80, 0x9f},     Range{0xad, 0xad},       Range{0x61c, 0x61c},     Range{0x180e, 0x180e},
    Range{0x200b, 0x200f}, Range{0x2028, 0x202e},   Range{0x2060, 0x206f},   Range{0xfeff, 0xfeff},
    Range{0xfff9, 0xfffb}, Range{0x1d173, 0x1d17a}, Range{0xe0000, 0xe007f},
};

auto is_invisible(std::uint32_t code_point) -> bool {
  return std::ranges::any_of(kInvisible,
                             [&](Range range) { return code_point >= range.first && code_point <= range.last; });
}

void append_hex_escape(std::string &to, std::uint32_t byte) {
  fmt::format_to(std::back_inserter(to), "\\x{:02x}", byte);
}

auto hex_value(char character) -> int {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

/// True where `rest`, standing behind a backslash, completes an escape: "xNN".
auto completes_escape(std::string_view rest) -> bool {
  return rest.size() >= 3 && rest[0] == 'x' && hex_value(rest[1]) >= 0 && hex_value(rest[2]) >= 0;
}

/// A backslash in front of `rest` would be read as an escape, because of what `rest` is or is about to become.
auto backslash_is_ambiguous(std::string_view rest) -> bool {
  if (rest.empty()) return false;
  return rest[0] == '\\' || rest[0] == '\0' || completes_escape(rest) || !utf8_step(rest).valid;
}

}  // namespace

auto utf8_step(std::string_view bytes) -> Utf8Step {
  auto const first = byte_at(bytes, 0);
  auto const size = sequence_size(first);
  if (size == 1) return {first, 1, true};
  if (size == 0 || bytes.size() < size) return {};
  auto code_point = first & (0x7fU >> size);
  for (auto i = std::size_t{1}; i < size; ++i) {
    if ((byte_at(bytes, i) & 0xc0) != 0x80) return {};
    code_point = code_point << 6 | (byte_at(bytes, i) & 0x3f);
  }
  auto const surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point < kSmallest[size] || code_point > 0x10ffff || surrogate) return {};
  return {code_point, size, true};
}

auto is_utf8(std::string_view bytes) -> bool {
  while (!bytes.empty()) {
    auto const step = utf8_step(bytes);
    if (!step.valid) return false;
    bytes.remove_prefix(step.size);
  }
  return true;
}

auto printable(std::string_view bytes) -> std::string {
  auto text = std::string{};
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    auto const step = utf8_step(bytes);
    if (!step.valid || step.code_point < 0x20 || step.code_point == 0x7f)
      append_hex_escape(text, byte_at(bytes, 0));
    else if (is_invisible(step.code_point))
      fmt::format_to(std::back_inserter(text), "\\u{{{:x}}}", step.code_point);
    else
      text.append(bytes.substr(0, step.size));
    bytes.remove_prefix(step.size);
  }
  return text;
}

auto lossless_utf8(std::string_view bytes) -> std::string {
  auto text = std::string{};
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    auto const step = utf8_step(bytes);
    if (!step.valid || step.code_point == 0)
      append_hex_escape(text, byte_at(bytes, 0));
    else
      text.append(bytes.substr(0, step.size));
    bytes.remove_prefix(step.size);
    if (step.code_point == '\\' && backslash_is_ambiguous(bytes)) text.push_back('\\');
  }
  return text;
}

auto from_lossless_utf8(std::string_view text) -> std::string {
  auto bytes = std::string{};
  bytes.reserve(text.size());
  while (!text.empty()) {
    auto const character = text.front();
    text.remove_prefix(1);
    if (character == '\\' && text.starts_with('\\')) {
      text.remove_prefix(1);
    } else if (character == '\\' && completes_escape(text)) {
      bytes.push_back(static_cast<char>(hex_value(text[1]) * 16 + hex_value(text[2])));
      text.remove_prefix(3);
      continue;
    }
    bytes.push_back(character);
  }
  return bytes;
}

auto edit_distance(std::string_view left, std::string_view right) -> std::size_t {
  left = left.substr(0, kMaxWord);
  right = right.substr(0, kMaxWord);
  // Rows of the table for the prefixes of `left`: two ago, one ago, now. A swap reaches back two.
  using Row = std::array<std::size_t, kMaxWord + 1>;
  auto before_last = Row{}, last = Row{}, now = Row{};
  for (auto j = std::size_t{0}; j <= right.size(); ++j) last[j] = j;
  for (auto i = std::size_t{1}; i <= left.size(); ++i) {
    now[0] = i;
    for (auto j = std::size_t{1}; j <= right.size(); ++j) {
      auto const replace = last[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
      now[j] = std::min({replace, last[j] + 1, now[j - 1] + 1});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
        now[j] = std::min(now[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = now;
  }
  return last[right.size()];
}

auto nearest(std::string_view word, std::vector<std::string_view> const &candidates) -> std::string_view {
  if (candidates.empty()) return {};
  return *std::ranges::min_element(candidates, {},
                                   [&](std::string_view candidate) { return edit_distance(word, candidate); });
}

}  // namespace noroshi
