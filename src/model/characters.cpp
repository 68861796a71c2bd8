#include "model/characters.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace noroshi::model {

namespace {
constexpr auto kShown = std::size_t{80};  // enough to find it again; the rest may be megabytes
}

auto quoted(std::string_view text) -> std::string {
  return fmt::format("\"{}{}\"", printable(text.substr(0, kShown)), text.size() > kShown ? "…" : "");
}

}  // namespace noroshi::model
