// Any datagram gives a protocol of a known form, or none, and reads nothing outside itself.
#include <cstdint>
#include <cstdlib>

#include "codec/recognise_datagram.hpp"

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data), size};
  auto const [protocol, asks] = noroshi::codec::recognise_datagram(bytes);
  if (protocol.empty() && !asks.empty()) std::abort();
  if (protocol.size() > 16 || asks.size() > 16) std::abort();
  return 0;
}
