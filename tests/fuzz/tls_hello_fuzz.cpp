// A ClientHello in pieces is framed as in one; what is whole and parses has both fingerprints, in their form.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codec/tls_hello.hpp"

using namespace noroshi::codec::tls;

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data), size};
  auto const frame = frame_client_hello(bytes);
  (void)parse_client_hello(bytes);
  if (frame.state != HelloFrame::State::whole) return 0;
  if (frame.bytes > size) std::abort();
  // The same with less behind it, and not yet with less of itself.
  if (frame_client_hello(bytes.substr(0, frame.bytes)).state != HelloFrame::State::whole) std::abort();
  if (frame_client_hello(bytes.substr(0, 5)).state != HelloFrame::State::incomplete) std::abort();
  auto const hello = parse_client_hello(bytes.substr(0, frame.bytes));
  if (!hello) return 0;
  if (ja3(*hello).size() != 32 || ja4(*hello).size() != 36 || ja4(*hello)[0] != 't') std::abort();
  if (!ja4_text(*hello).starts_with(ja4(*hello).substr(0, 10))) std::abort();
  for (auto const version : hello->supported_versions) (void)version_name(version);
  return 0;
}
