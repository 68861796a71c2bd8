// Text that may be hostile: made safe to show, kept without loss, compared with what was probably meant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace noroshi {

/// One step through bytes that should be UTF-8. `size` is 1 and `valid` false where no well-formed sequence begins
/// (overlong forms, surrogates and code points past U+10FFFF are not well-formed; Unicode 15, table 3-7).
struct Utf8Step {
  std::uint32_t code_point = 0;
  std::size_t size = 1;
  bool valid = false;
};
/// `bytes` must not be empty.
auto utf8_step(std::string_view bytes) -> Utf8Step;
auto is_utf8(std::string_view bytes) -> bool;

/// For terminals and logs: what could move the cursor, hide or reorder text becomes visible. Control characters below
/// U+0080 and bytes that are not UTF-8 become \xNN; C1 controls, bidirectional controls, zero-width and other invisible
/// characters become \u{N}. Everything else stays, backslashes too, so this is not reversible.
auto printable(std::string_view bytes) -> std::string;

/// Any bytes as valid UTF-8 without NUL, so that stores and JSON can hold them. Valid UTF-8 stays as it is; other bytes
/// and NUL become \xNN. A backslash becomes two only where it could be read as such an escape.
auto lossless_utf8(std::string_view bytes) -> std::string;
/// The bytes that lossless_utf8() was given. Never fails: text that it did not write comes back with its escapes read.
auto from_lossless_utf8(std::string_view text) -> std::string;

/// Insertions, deletions, replacements and swaps of neighbouring bytes that turn one word into the other (optimal
/// string alignment). Only the first 64 bytes of each count.
auto edit_distance(std::string_view left, std::string_view right) -> std::size_t;
/// The candidate with the smallest distance to `word`, the first one among equals; empty where there is no candidate.
auto nearest(std::string_view word, std::vector<std::string_view> const &candidates) -> std::string_view;

}  // namespace noroshi
