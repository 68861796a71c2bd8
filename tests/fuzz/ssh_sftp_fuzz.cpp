// A client's bytes to the sftp subsystem, in two cuts: the same is said, and the visit ends.
#include <cstdint>
#include <cstdlib>

#include "../support/program_visit.hpp"
#include "codec/ssh/sftp.hpp"
#include "sense/ssh_sftp.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;

auto talk(std::string_view bytes, std::size_t piece) -> std::string {
  auto const decoy = test::ProgramDecoy{[](VisitFiles &files, Visit &) { return make_sftp(files, "/root"); }};
  auto visit = test::ScriptedVisit{decoy, "ssh"};
  visit.start();
  for (auto at = std::size_t{0}; at < bytes.size() && !visit.ended(); at += piece) visit.send(bytes.substr(at, piece));
  visit.close();
  if (!visit.ended() || visit.ending() == Ending::defect) std::abort();
  return visit.output();
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  if (size > 20'000) return 0;
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data), size};
  (void)codec::ssh::parse_sftp_request(bytes);
  auto const init = std::string_view{"\0\0\0\5\1\0\0\0\3", 9};
  for (auto const &whole : {std::string{bytes}, std::string{init} + std::string{bytes}})
    if (talk(whole, whole.size() + 1) != talk(whole, 11)) std::abort();
  return 0;
}
