#include "net/target.hpp"

#include <algorithm>

namespace noroshi::net {
namespace {

auto digit_of(char c) -> int {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

auto is_unreserved(char c) -> bool {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_encoded(std::string &to, std::string_view text, bool keep_slash) {
  static constexpr auto kDigits = std::string_view{"0123456789ABCDEF"};
  for (auto const c : text) {
    if (is_unreserved(c) || (keep_slash && c == '/')) {
      to.push_back(c);
      continue;
    }
    auto const byte = static_cast<unsigned char>(c);
    to.push_back('%');
    to.push_back(kDigits[byte >> 4]);
    to.push_back(kDigits[byte & 15]);
  }
}

auto form_decode(std::string_view text) -> Result<std::string> {
  auto spaced = std::string{text};
  std::ranges::replace(spaced, '+', ' ');
  return percent_decode(spaced);
}

}  // namespace

auto percent_decode(std::string_view text) -> Result<std::string> {
  auto decoded = std::string{};
  decoded.reserve(text.size());
  for (auto i = std::size_t{0}; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    auto const high = i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
    auto const low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      return fail(ErrorCode::malformed, "the request target has a '%' at byte {} without two hexadecimal digits", i);
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

auto percent_encode(std::string_view text) -> std::string {
  auto encoded = std::string{};
  append_encoded(encoded, text, false);
  return encoded;
}

auto parse_target(std::string_view target, HttpRequest &request) -> Result<void> {
  auto const question = target.find('?');
  TRY(request.path, percent_decode(target.substr(0, question)));
  request.query.clear();
  if (question == std::string_view::npos) return ok;
  auto rest = target.substr(question + 1);
  while (!rest.empty()) {
    auto const pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.empty()) continue;
    auto const equals = pair.find('=');
    TRY(auto name, form_decode(pair.substr(0, equals)));
    TRY(auto value, form_decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1)));
    request.query.emplace_back(std::move(name), std::move(value));
  }
  return ok;
}

auto to_target(HttpRequest const &request) -> std::string {
  auto target = std::string{};
  append_encoded(target, request.path.empty() ? "/" : request.path, true);
  for (auto const &[name, value] : request.query) {
    target.push_back(target.find('?') == std::string::npos ? '?' : '&');
    append_encoded(target, name, false);
    target.push_back('=');
    append_encoded(target, value, false);
  }
  return target;
}

}  // namespace noroshi::net
