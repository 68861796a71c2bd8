// A client's bytes to scp, in two cuts: the same is said, and the visit ends. The first byte picks the command.
#include <cstdint>
#include <cstdlib>

#include "../support/program_visit.hpp"
#include "codec/ssh/scp.hpp"
#include "sense/ssh_scp.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;

auto command_of(std::uint8_t pick) -> std::vector<std::string> {
  switch (pick % 4) {
    case 0: return {"scp", "-t", "/tmp"};
    case 1: return {"scp", "-rpd", "-t", "/tmp"};
    case 2: return {"scp", "-f", "/etc/passwd", "/no"};
    default: return {"scp", "-rp", "-f", "/etc"};
  }
}

auto talk(std::vector<std::string> const &words, std::string_view bytes, std::size_t piece) -> std::string {
  auto const decoy = test::ProgramDecoy{[&](VisitFiles &files, Visit &) { return make_scp(files, "/root", words); }};
  auto visit = test::ScriptedVisit{decoy, "ssh"};
  visit.start();
  for (auto at = std::size_t{0}; at < bytes.size() && !visit.ended(); at += piece) visit.send(bytes.substr(at, piece));
  visit.close();
  if (!visit.ended() || visit.ending() == Ending::defect) std::abort();
  return visit.output();
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  if (size == 0 || size > 20'000) return 0;
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data) + 1, size - 1};
  auto const words = command_of(data[0]);
  (void)codec::ssh::parse_scp_record(bytes);
  if (talk(words, bytes, bytes.size() + 1) != talk(words, bytes, 3)) std::abort();
  return 0;
}
