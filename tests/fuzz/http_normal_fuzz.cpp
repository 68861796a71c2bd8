// Normalised requests: no longer than a bound, in lower case, without what was to be evened out.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "codec/http_normal.hpp"

namespace {

using namespace noroshi::codec::http;

void check(bool holds) {
  if (!holds) std::abort();
}

auto has_upper_case(std::string_view text) -> bool {
  return std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

void path(std::string_view bytes) {
  auto to = std::string{"what was there before"};
  normalise_path(bytes, to);
  check(to.size() <= 2 * kMaxNormalised + 2 && to.ends_with('\n') && !has_upper_case(to));
  auto const kept = std::string_view{to}.substr(0, to.find('\n'));
  check(!kept.contains("//") && !kept.contains("/./") && !kept.contains('\\'));
  check(std::ranges::count(to, '\n') == (kept.contains("/..") ? 2 : 1));
}

void text(std::string_view bytes) {
  auto to = std::string{};
  normalise_text(bytes, to);
  check(to.size() <= std::min(bytes.size(), kMaxNormalised) && !has_upper_case(to) && !to.contains("  "));
  check(std::ranges::none_of(to, [](char c) { return c >= '\t' && c <= '\r'; }));
  auto header = std::string{};
  normalise_header(bytes, header);
  check(header.size() <= bytes.size() && !has_upper_case(header));
}

void target(std::string_view bytes) {
  auto const [path, query] = split_target(bytes);
  check(path.size() + query.size() <= bytes.size() && !path.contains('?'));
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data), size};
  path(bytes);
  text(bytes);
  target(bytes);
  return 0;
}
