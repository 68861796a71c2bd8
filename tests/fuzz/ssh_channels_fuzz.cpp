// Messages behind a log-in, to the decoy as each program: the visit ends inside its caps.
#include "ssh_conversation.hpp"

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  noroshi::fuzz::converse({reinterpret_cast<char const *>(data), size}, noroshi::fuzz::Begins::behind_login);
  return 0;
}
