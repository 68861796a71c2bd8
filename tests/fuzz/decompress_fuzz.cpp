// gzip and zstd from arbitrary bytes: ends, keeps to its room, and does not depend on how the bytes are cut.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "codec/decompress.hpp"

namespace {

using namespace noroshi::codec;

// A small input can stand for gigabytes; what is beyond this is not looked at.
constexpr auto kMost = std::size_t{1} << 20;

auto undo(Compression compression, std::string_view bytes, std::size_t piece) -> std::string {
  auto const decompressor = Decompressor::create(compression);
  auto output = std::string{};
  while (!bytes.empty() && output.size() < kMost) {
    auto input = bytes.substr(0, piece);
    auto const offered = input.size();
    while (output.size() < kMost) {
      auto const more = decompressor->feed(input, output, kMost);
      if (!more) return output.substr(0, std::min(output.size(), kMost)) + "!";
      if (!*more) break;
    }
    bytes.remove_prefix(offered - input.size());
  }
  return output.substr(0, std::min(output.size(), kMost)) + (decompressor->is_complete() ? "" : "?");
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data), size};
  for (auto const compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    auto const whole = undo(compression, bytes, size + 1);
    auto const pieces = undo(compression, bytes, 7);
    // Damage may be met before or behind the output that was made last; sound data must be the same.
    if (!whole.ends_with('!') && !pieces.ends_with('!') && whole.size() < kMost && whole != pieces) std::abort();
  }
  return 0;
}
