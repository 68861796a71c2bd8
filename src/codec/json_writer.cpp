#include "codec/json_writer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include <fmt/core.h>
#include <boost/json/serialize.hpp>

#include "base/text.hpp"

namespace noroshi::codec {
namespace {

/// Bytes of the character at `i` that a terminal or a reader's eye could be deceived by: C1 controls (U+0080…U+009F)
/// and the marks that hide or reorder text (U+200B…U+200F, U+2028…U+202E, U+2060…U+2069, U+FEFF). 0: an ordinary
/// character.
auto deceptive_size(std::string_view text, std::size_t i) -> std::size_t {
  auto const byte = [&](std::size_t offset) {
    return i + offset < text.size() ? static_cast<unsigned char>(text[i + offset]) : 0U;
  };
  if (byte(0) == 0xc2 && byte(1) < 0xa0) return 2;
  if (byte(0) == 0xe2 && byte(1) == 0x80 &&
      ((byte(2) >= 0x8b && byte(2) <= 0x8f) || (byte(2) >= 0xa8 && byte(2) <= 0xae)))
    return 3;
  if (byte(0) == 0xe2 && byte(1) == 0x81 && byte(2) >= 0xa0 && byte(2) <= 0xa9) return 3;
  return byte(0) == 0xef && byte(1) == 0xbb && byte(2) == 0xbf ? 3 : 0;
}

void append_control(std::string &to, unsigned char byte) {
  switch (byte) {
    case '"': to += "\\\""; break;
    case '\\': to += "\\\\"; break;
    case '\n': to += "\\n"; break;
    case '\r': to += "\\r"; break;
    case '\t': to += "\\t"; break;
    default: fmt::format_to(std::back_inserter(to), "\\u{:04x}", byte);
  }
}

/// Eight bytes at once: false where one of them may need a closer look. A byte's highest bit is set where it was set,
/// or where a subtraction from it borrowed.
auto are_plain(char const *at) -> bool {
  constexpr auto kEach = std::uint64_t{0x0101'0101'0101'0101};
  auto bytes = std::uint64_t{0};
  std::memcpy(&bytes, at, sizeof bytes);
  auto const quotes = bytes ^ (kEach * '"');
  auto const slashes = bytes ^ (kEach * '\\');
  auto const deletes = bytes ^ (kEach * 0x7f);
  auto const special = bytes | (bytes - kEach * 0x20) | (quotes - kEach) | (slashes - kEach) | (deletes - kEach);
  return (special & (kEach * 0x80)) == 0;
}

/// Whether it stands in JSON as it is, every character one byte.
auto is_plain(std::string_view text) -> bool {
  constexpr auto kStep = sizeof(std::uint64_t);
  if (text.size() >= kStep) {
    auto const *at = text.data();
    auto const *const last = at + text.size() - kStep;
    while (at < last && are_plain(at)) at += kStep;
    if (at >= last && are_plain(last)) return true;
  }
  return std::ranges::all_of(text, [](char character) {
    auto const byte = static_cast<unsigned char>(character);
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
  });
}

/// `text` is UTF-8. Beyond what JSON demands, escapes what could deceive: the meaning stays the same, and an answer can
/// be read on a terminal as it is.
void append_escaped(std::string &to, std::string_view text) {
  auto plain_from = std::size_t{0};
  for (auto i = std::size_t{0}; i < text.size();) {
    auto const byte = static_cast<unsigned char>(text[i]);
    auto const is_control = byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f;
    auto const size = is_control ? std::size_t{1} : byte < 0xc2 ? 0 : deceptive_size(text, i);
    if (size == 0) {
      ++i;
      continue;
    }
    to.append(text, plain_from, i - plain_from);
    if (is_control)
      append_control(to, byte);
    else
      fmt::format_to(std::back_inserter(to), "\\u{:04x}", utf8_step(text.substr(i)).code_point);
    i += size;
    plain_from = i;
  }
  to.append(text, plain_from);
}

}  // namespace

void JsonWriter::separate() {
  if (comma_) to_.push_back(',');
  comma_ = true;
}

auto JsonWriter::open(char bracket) -> JsonWriter & {
  separate();
  to_.push_back(bracket);
  comma_ = false;
  return *this;
}

auto JsonWriter::close(char bracket) -> JsonWriter & {
  to_.push_back(bracket);
  comma_ = true;
  return *this;
}

auto JsonWriter::key(std::string_view name) -> JsonWriter & {
  value(name);
  to_.push_back(':');
  comma_ = false;
  return *this;
}

auto JsonWriter::plain_key(std::string_view name) -> JsonWriter & {
  auto const before = to_.size();
  to_.resize(before + name.size() + (comma_ ? 4 : 3));
  auto *at = to_.data() + before;
  if (comma_) *at++ = ',';
  *at++ = '"';
  std::memcpy(at, name.data(), name.size());
  at += name.size();
  *at++ = '"';
  *at = ':';
  comma_ = false;
  return *this;
}

auto JsonWriter::value(std::string_view text) -> JsonWriter & {
  separate();
  if (is_plain(text)) return quote(text);
  to_.push_back('"');
  if (is_utf8(text))
    append_escaped(to_, text);
  else
    append_escaped(to_, lossless_utf8(text));
  to_.push_back('"');
  return *this;
}

auto JsonWriter::quote(std::string_view plain) -> JsonWriter & {
  auto const before = to_.size();
  to_.resize(before + plain.size() + 2);
  auto *const at = to_.data() + before;
  at[0] = '"';
  std::memcpy(at + 1, plain.data(), plain.size());
  at[plain.size() + 1] = '"';
  return *this;
}

auto JsonWriter::value(double number) -> JsonWriter & {
  return std::isfinite(number) ? raw(fmt::format("{}", number)) : value(nullptr);
}

auto JsonWriter::value(Time time) -> JsonWriter & { return time == Time{} ? value(nullptr) : plain(to_rfc3339(time)); }

auto JsonWriter::value(boost::json::value const &document) -> JsonWriter & {
  if (auto const *const object = document.if_object()) {
    begin_object();
    for (auto const &[name, inner] : *object) key(name).value(inner);
    return end_object();
  }
  if (auto const *const array = document.if_array()) {
    begin_array();
    for (auto const &inner : *array) value(inner);
    return end_array();
  }
  if (auto const *const text = document.if_string()) return value(std::string_view{*text});
  return raw(boost::json::serialize(document));
}

auto JsonWriter::plain(std::string_view text) -> JsonWriter & {
  separate();
  return quote(text);
}

auto JsonWriter::raw(std::string_view json) -> JsonWriter & {
  separate();
  to_.append(json);
  return *this;
}

}  // namespace noroshi::codec
