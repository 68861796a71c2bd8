// Writes JSON straight into a string: an answer to a million values is never held twice. Whatever bytes it is given,
// the outcome is valid JSON in UTF-8 (RFC 8259), safe to show on a terminal: bytes that are not UTF-8 are written as
// base/text's lossless form, and characters that move a cursor, hide or reorder text are escaped.
#pragma once

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
    return raw(std::to_string(number));
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

private:
  auto open(char bracket) -> JsonWriter &;
  auto close(char bracket) -> JsonWriter &;
  void separate();

  std::string &to_;
  bool comma_ = false;  // the next key or item needs one in front
};

}  // namespace noroshi::codec
