#include "codec/http_normal.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace noroshi::codec::http {
namespace {

auto hex_digit(char c) -> int {
  if (c >= '0' && c <= '9') return c - '0';
  auto const letter = c | 0x20;
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

auto lower(char c) -> char { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

auto is_space(char c) -> bool { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// The number that `digits` hexadecimal digits at the front of `text` write.
auto hex_number(std::string_view text, std::size_t digits) -> std::optional<unsigned> {
  if (text.size() < digits) return std::nullopt;
  auto number = 0U;
  for (auto const c : text.substr(0, digits)) {
    auto const digit = hex_digit(c);
    if (digit < 0) return std::nullopt;
    number = number << 4 | static_cast<unsigned>(digit);
  }
  return number;
}

/// UTF-8 of a code unit; at most three bytes, so never longer than the escape that wrote it.
auto put_unit(unsigned unit, char *to) -> char * {
  if (unit < 0x80) {
    *to++ = static_cast<char>(unit);
  } else if (unit < 0x800) {
    *to++ = static_cast<char>(0xc0 | unit >> 6);
    *to++ = static_cast<char>(0x80 | (unit & 0x3f));
  } else {
    *to++ = static_cast<char>(0xe0 | unit >> 12);
    *to++ = static_cast<char>(0x80 | (unit >> 6 & 0x3f));
    *to++ = static_cast<char>(0x80 | (unit & 0x3f));
  }
  return to;
}

struct Escape {
  unsigned value;
  std::size_t size;
  bool unit;  // a UTF-16 code unit, not a byte
};

/// The escape at the front of `text`: %XX, %uXXXX or \uXXXX.
auto escape_at(std::string_view text) -> std::optional<Escape> {
  auto const sign = text.front();
  if (sign != '%' && sign != '\\') return std::nullopt;
  if (sign == '%')
    if (auto const byte = hex_number(text.substr(1), 2)) return Escape{*byte, 3, false};
  if (text.size() < 6 || (text[1] | 0x20) != 'u') return std::nullopt;
  if (auto const unit = hex_number(text.substr(2), 4)) return Escape{*unit, 6, true};
  return std::nullopt;
}

/// One round of undoing, in place. False where there was nothing to undo.
auto decode_once(std::string &text) -> bool {
  auto const first = text.find_first_of("%\\");
  if (first == std::string::npos) return false;
  auto *out = text.data() + first;
  auto rest = std::string_view{text}.substr(first);
  while (!rest.empty()) {
    if (auto const escape = escape_at(rest)) {
      rest.remove_prefix(escape->size);
      if (escape->unit)
        out = put_unit(escape->value, out);
      else
        *out++ = static_cast<char>(escape->value);
    } else {
      *out++ = rest.front();
      rest.remove_prefix(1);
    }
  }
  auto const size = static_cast<std::size_t>(out - text.data());
  auto const changed = size != text.size();
  text.resize(size);
  return changed;
}

void decode(std::string &text) {
  for (auto round = 0; round < kMaxDecodings && decode_once(text); ++round) {
  }
}

/// "\" as "/", then "//" and "/./" as "/", in place and in lower case.
void even_out_slashes(std::string &path) {
  std::ranges::transform(path, path.begin(), [](char c) { return c == '\\' ? '/' : c == '\n' ? ' ' : lower(c); });
  auto *out = path.data();
  for (auto i = std::size_t{0}; i < path.size(); ++i) {
    auto const after_slash = out != path.data() && out[-1] == '/';
    if (after_slash && path[i] == '/') continue;
    if (after_slash && path[i] == '.' && (i + 1 == path.size() || path[i + 1] == '/')) continue;
    *out++ = path[i];
  }
  path.resize(static_cast<std::size_t>(out - path.data()));
}

/// ".." and "..;" taken as one level up, as servers do that resolve.
auto resolved(std::string_view path) -> std::string {
  auto result = std::string{};
  while (!path.empty()) {
    auto const end = std::min(path.find('/', 1), path.size());
    auto const segment = path.substr(0, end);
    path.remove_prefix(end);
    if (segment == "/.." || segment.starts_with("/..;"))
      result.resize(std::min(result.rfind('/'), result.size()));
    else
      result += segment;
  }
  return result;
}

/// Runs of white space as one space, "\/" as "/", in place, in lower case.
void even_out_space(std::string &text) {
  auto *out = text.data();
  for (auto i = std::size_t{0}; i < text.size(); ++i) {
    auto const c = text[i];
    if (c == '\\' && i + 1 < text.size() && text[i + 1] == '/') continue;
    if (!is_space(c))
      *out++ = lower(c);
    else if (out == text.data() || out[-1] != ' ')
      *out++ = ' ';
  }
  text.resize(static_cast<std::size_t>(out - text.data()));
}

}  // namespace

void normalise_path(std::string_view path, std::string &to) {
  to.assign(path.substr(0, kMaxNormalised));
  decode(to);
  even_out_slashes(to);
  auto const goes_up = to.find("/..");
  to += '\n';
  if (goes_up != std::string::npos) {
    to += resolved(std::string_view{to}.substr(0, to.size() - 1));
    to += '\n';
  }
}

void normalise_text(std::string_view text, std::string &to) {
  to.assign(text.substr(0, kMaxNormalised));
  std::ranges::replace(to, '+', ' ');
  decode(to);
  even_out_space(to);
}

void normalise_header(std::string_view value, std::string &to) {
  to.assign(value.substr(0, kMaxNormalised));
  even_out_space(to);
}

auto split_target(std::string_view target) -> TargetParts {
  if (auto const scheme = target.find("://");
      !target.starts_with('/') && scheme != std::string_view::npos && scheme < 8) {
    target.remove_prefix(scheme + 3);
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
  }
  auto const question = std::min(target.find('?'), target.size());
  return {target.substr(0, question), target.substr(std::min(question + 1, target.size()))};
}

}  // namespace noroshi::codec::http
