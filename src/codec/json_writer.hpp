// Writes JSON straight into a string: an answer to a million values is never held twice. Whatever bytes it is given,
// the outcome is valid JSON in UTF-8 (RFC 8259), safe to show on a terminal: bytes that are not UTF-8 are written as
// base/text's lossless form, and characters that move a cursor, hide or reorder text are escaped.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "base/time.hpp"

namespace noroshi::codec {

class JsonWriter {
public:
  /// Appends to `to`, which must outlive the writer.
  explicit JsonWriter(std::string &to) : to_(to) {}

  auto begin_object() -> JsonWriter & { return open('{'); }
  auto end_object() -> JsonWriter & { return close('}'); }
  auto begin_array() -> JsonWriter & { return open('['); }
  auto end_array() -> JsonWriter & { return close(']'); }
  auto key(std::string_view name) -> JsonWriter &;
  /// A name written in the program: known to need no escapes.
  template <std::size_t Size>
  auto key(char const (&name)[Size]) -> JsonWriter & {  // NOLINT(*-avoid-c-arrays): what a literal is
    return plain_key({name, Size - 1});
  }

  auto value(std::string_view text) -> JsonWriter &;
  auto value(char const *text) -> JsonWriter & { return value(std::string_view{text}); }
  auto value(bool flag) -> JsonWriter & { return raw(flag ? "true" : "false"); }
  auto value(std::nullptr_t) -> JsonWriter & { return raw("null"); }
  /// NaN and infinities, which JSON does not have, become null.
  auto value(double number) -> JsonWriter &;
  /// RFC 3339; the epoch itself, which stands for "never", becomes null.
  auto value(Time time) -> JsonWriter &;
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  auto value(Number number) -> JsonWriter & {
    auto digits = std::array<char, 24>{};
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return raw({digits.data(), end});
  }
  template <class T>
  auto value(std::optional<T> const &maybe) -> JsonWriter & {
    return maybe ? value(*maybe) : value(nullptr);
  }
  template <class T>
  auto value(std::vector<T> const &items) -> JsonWriter & {
    begin_array();
    for (auto const &item : items) value(item);
    return end_array();
  }

  /// A whole document. Its depth is bounded by the parser that read it.
  auto value(boost::json::value const &document) -> JsonWriter &;

  /// Text that is JSON already and no stranger's.
  auto raw(std::string_view json) -> JsonWriter &;

  template <class T>
  auto member(std::string_view name, T const &content) -> JsonWriter & {
    key(name);
    return value(content);
  }
  template <std::size_t Size, class T>
  auto member(char const (&name)[Size], T const &content) -> JsonWriter & {  // NOLINT(*-avoid-c-arrays)
    key(name);
    return value(content);
  }

private:
  auto plain_key(std::string_view name) -> JsonWriter &;
  auto plain(std::string_view text) -> JsonWriter &;
  auto quote(std::string_view plain) -> JsonWriter &;
  auto open(char bracket) -> JsonWriter &;
  auto close(char bracket) -> JsonWriter &;
  void separate();

  std::string &to_;
  bool comma_ = false;  // the next key or item needs one in front
};

}  // namespace noroshi::codec
