// HTTP heads, chunked bodies, forms: views stay inside the input, and chunking does not depend on how bytes are cut.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "codec/http.hpp"

namespace {

using namespace noroshi::codec::http;

void check_inside(std::string_view part, std::string_view whole) {
  if (!part.empty() && (part.data() < whole.data() || part.data() + part.size() > whole.data() + whole.size()))
    std::abort();
}

void head(std::string_view bytes) {
  auto const size = head_size(bytes, 0);
  if (size && *size > bytes.size()) std::abort();
  if (size && head_size(bytes, *size - 1) != size) std::abort();
  auto const parsed = parse_head(size ? bytes.substr(0, *size) : bytes);
  if (!parsed) return;
  for (auto const part : {parsed->method, parsed->target, parsed->query, parsed->host}) check_inside(part, bytes);
  if (parsed->headers.size() > kMaxHeaders) std::abort();
  for (auto const &[name, value] : parsed->headers) {
    check_inside(name, bytes);
    check_inside(value, bytes);
  }
  (void)names(parsed->problems);
  (void)basic_credentials(parsed->header("authorization"));
}

auto unchunk(std::string_view bytes, std::size_t piece) -> std::string {
  auto chunked = ChunkedBody{};
  auto body = std::string{};
  auto pending = std::string{};
  for (auto at = std::size_t{0}; at < bytes.size() && !chunked.done(); at += piece) {
    pending += bytes.substr(at, piece);
    auto rest = std::string_view{pending};
    if (!chunked.feed(rest, body)) return body + "!";
    pending = rest;
  }
  return body;
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data), size};
  head(bytes);
  if (unchunk(bytes, size + 1) != unchunk(bytes, 1)) std::abort();
  if (parse_form(bytes).size() > kMaxFormFields) std::abort();
  return 0;
}
