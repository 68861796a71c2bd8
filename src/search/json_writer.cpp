#include "search/json_writer.hpp"

#include <cmath>

#include <fmt/core.h>

#include "base/text.hpp"

namespace noroshi::search {
namespace {

void append_escaped(std::string &to, std::string_view text) {
  auto plain_from = std::size_t{0};
  for (auto i = std::size_t{0}; i < text.size(); ++i) {
    auto const byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    to.append(text, plain_from, i - plain_from);
    plain_from = i + 1;
    switch (byte) {
      case '"': to += "\\\""; break;
      case '\\': to += "\\\\"; break;
      case '\n': to += "\\n"; break;
      case '\r': to += "\\r"; break;
      case '\t': to += "\\t"; break;
      default: fmt::format_to(std::back_inserter(to), "\\u{:04x}", byte);
    }
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

auto JsonWriter::value(std::string_view text) -> JsonWriter & {
  separate();
  to_.push_back('"');
  if (is_utf8(text))
    append_escaped(to_, text);
  else
    append_escaped(to_, lossless_utf8(text));
  to_.push_back('"');
  return *this;
}

auto JsonWriter::value(double number) -> JsonWriter & {
  return std::isfinite(number) ? raw(fmt::format("{}", number)) : value(nullptr);
}

auto JsonWriter::value(Time time) -> JsonWriter & { return time == Time{} ? value(nullptr) : value(to_rfc3339(time)); }

auto JsonWriter::raw(std::string_view json) -> JsonWriter & {
  separate();
  to_.append(json);
  return *this;
}

}  // namespace noroshi::search
