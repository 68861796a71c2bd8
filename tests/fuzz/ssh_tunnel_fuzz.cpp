// A client's bytes into a tunnel, in two cuts: the same is said, and the visit ends. The first byte picks the port.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "../support/program_visit.hpp"
#include "sense/ssh_tunnel.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;

auto talk(std::uint32_t port, std::string_view bytes, std::size_t piece) -> std::string {
  auto const decoy = test::ProgramDecoy{[=](VisitFiles &, Visit &) { return make_tunnel({"target.example", port}); }};
  auto visit = test::ScriptedVisit{decoy, "ssh"};
  visit.start();
  for (auto at = std::size_t{0}; at < bytes.size() && !visit.ended(); at += piece) visit.send(bytes.substr(at, piece));
  visit.close();
  if (!visit.ended() || visit.ending() == Ending::defect) std::abort();
  return visit.output();
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  constexpr auto kPorts = std::array{80U, 443U, 25U, 4'444U};
  if (size == 0 || size > 20'000) return 0;
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data) + 1, size - 1};
  auto const port = kPorts[data[0] % kPorts.size()];
  if (talk(port, bytes, bytes.size() + 1) != talk(port, bytes, 3)) std::abort();
  return 0;
}
