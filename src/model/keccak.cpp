#include "model/keccak.hpp"

#include <tomcrypt.h>

namespace noroshi::model {

namespace {

auto absorbed(std::string_view bytes) -> hash_state {
  auto state = hash_state{};
  ::sha3_256_init(&state);
  ::sha3_process(&state, reinterpret_cast<unsigned char const *>(bytes.data()), bytes.size());
  return state;
}

auto squeezed(hash_state &state) -> Digest256 {
  auto digest = Digest256{};
  ::sha3_done(&state, digest.data());
  return digest;
}

}  // namespace

auto keccak_256(std::string_view bytes) -> Digest256 {
  auto state = absorbed(bytes);
  // The two differ in one byte behind the message: SHA-3 ends it with 0x06, Keccak with 0x01. sha3_done() adds the
  // former to the bytes that it has not consumed yet, by exclusive or; this turns it into the latter.
  constexpr auto kOtherPadding = ulong64{0x06 ^ 0x01};
  state.sha3.saved ^= kOtherPadding << (state.sha3.byte_index * 8U);
  return squeezed(state);
}

auto sha3_256(std::string_view bytes) -> Digest256 {
  auto state = absorbed(bytes);
  return squeezed(state);
}

}  // namespace noroshi::model
