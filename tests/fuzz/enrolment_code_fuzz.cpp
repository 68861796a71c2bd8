// Any text as an enrolment code, and any bytes as the body of one whose check is right: what is read is written again
// and read as the same.
#include <cstdint>
#include <cstdlib>

#include "codec/base32.hpp"
#include "codec/enrolment_code.hpp"

using namespace noroshi::codec;

namespace {

void read(std::string_view text) {
  auto const code = EnrolmentCode::parse(text);
  if (!code) return;
  auto const again = EnrolmentCode::parse(code->to_string());
  if (!again || again->secret != code->secret || again->node != code->node || again->addresses != code->addresses)
    std::abort();
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  auto const text = std::string_view{reinterpret_cast<char const *>(data), size};
  read(text);
  auto body = std::string{text};
  body.append(sha256(body).view().substr(0, 4));
  read("nrj1" + to_base32(body));
  return 0;
}
