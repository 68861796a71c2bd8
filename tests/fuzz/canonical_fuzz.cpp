// Any bytes as a value: what comes out must be canonical, under its type and when its type is found again.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "model/probes.hpp"

using namespace noroshi::model;

namespace {

void demand(bool holds, char const *what, std::string_view text) {
  if (holds) return;
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  constexpr auto kLengths = std::array{0U, 8U, 24U, 48U, 128U};
  auto const text = std::string_view{reinterpret_cast<char const *>(data), size};
  if (auto const value = parse_value(text)) {
    auto const again = parse_value(to_text(*value));
    demand(again && *again == *value, "not found again as itself", value->text);
    for (auto const &probe : probes(*value, {kLengths, kLengths})) {
      auto const form = canonical(probe.value.type, probe.value.text);
      demand(form && *form == probe.value, "a probe that is not canonical", probe.value.text);
    }
  }
  for (auto const type : value_types()) {
    auto const value = canonical(type, text);
    if (!value) continue;
    auto const again = canonical(value->type, value->text);
    demand(again && *again == *value, "not its own canonical form", value->text);
    auto const written = parse_value(to_text(*value));
    demand(written && *written == *value, "not read as it is written out", value->text);
  }
  return 0;
}
