// A client's first bytes as each program reads its version line: the line lies inside them, and its judgement is the
// same however it came.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codec/ssh/manners.hpp"

namespace {

using namespace noroshi::codec::ssh;

/// Read as it comes: the first prefix that settles it.
auto in_pieces(Manners const &manners, std::string_view bytes) -> VersionLine {
  for (auto size = std::size_t{1}; size < bytes.size(); ++size)
    if (auto line = manners.read_version(bytes.substr(0, size)); line.state != VersionLine::State::incomplete)
      return line;
  return manners.read_version(bytes);
}

void read(Manners const &manners, std::string_view bytes) {
  auto const line = manners.read_version(bytes);
  if (line.taken > bytes.size() || line.text.size() > bytes.size()) std::abort();
  if (line.state == VersionLine::State::incomplete) return;
  auto const again = in_pieces(manners, bytes);
  if (again.state != line.state || again.text != line.text || again.taken != line.taken) std::abort();
  auto const judged = manners.judge_version(line.text);
  if (judged) (void)manners.of(*judged, line.text);
  if (judged != manners.judge_version(again.text)) std::abort();
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  if (size > 10'000) return 0;
  for (auto const *const program : {"openssh", "dropbear", "dropbear-2015"})
    read(**manners_of(program), {reinterpret_cast<char const *>(data), size});
  return 0;
}
