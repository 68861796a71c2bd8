// The body of a search: JSON or lines, from whoever may ask.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "codec/asked_values.hpp"
#include "model/canonical_fast.hpp"

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  using namespace noroshi;
  auto const asked = codec::AskedValues::parse(std::string{reinterpret_cast<char const *>(data), size});
  if (!asked) return 0;
  if ((*asked)->all().empty()) std::abort();
  for (auto const text : (*asked)->all()) {
    // What takes the short way to a canonical form must be canonical.
    auto const fast = model::fast_type(text);
    if (!fast) continue;
    auto const slow = model::parse_value(text);
    if (!slow || slow->type != *fast || slow->text != text) std::abort();
  }
  return 0;
}
