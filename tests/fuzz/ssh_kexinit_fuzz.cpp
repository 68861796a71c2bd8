// A client's KEXINIT: what is read of it makes the same message again, and what is chosen both sides have named.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codec/ssh/kexinit.hpp"

namespace {

using namespace noroshi::codec::ssh;

auto server() -> KexInit const & {
  static auto const all = [] {
    auto made = KexInit{};
    using enum List;
    made[kex] = "curve25519-sha256,diffie-hellman-group14-sha256,kexguess2@matt.ucc.asn.au";
    made[host_keys] = "ssh-ed25519,rsa-sha2-512";
    made[ciphers_in] = made[ciphers_out] = "aes128-ctr,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com";
    made[macs_in] = made[macs_out] = "hmac-sha2-256,hmac-sha1";
    made[compression_in] = made[compression_out] = "none,zlib@openssh.com";
    return made;
  }();
  return all;
}

void check(std::string_view name, KexInit const &client, List list) {
  if (!name.empty() && (!has_name(client[list], name) || !has_name(server()[list], name))) std::abort();
}

void read(std::string_view payload, Trailing trailing) {
  auto const client = parse_kexinit(payload, trailing);
  if (!client) return;
  auto const again = parse_kexinit(to_payload(*client), trailing);
  if (!again || again->lists != client->lists || again->cookie != client->cookie ||
      again->first_follows != client->first_follows || again->reserved != client->reserved)
    std::abort();
  if (hassh(*client).size() != 32 || hassh_text(*client).size() > payload.size() + 3) std::abort();
  auto const chosen = choose(*client, server());
  if (!chosen) return;
  using enum List;
  check(chosen->kex, *client, kex);
  check(chosen->host_key, *client, host_keys);
  check(chosen->cipher_in, *client, ciphers_in);
  check(chosen->cipher_out, *client, ciphers_out);
  check(chosen->mac_in, *client, macs_in);
  check(chosen->mac_out, *client, macs_out);
  check(chosen->compression_in, *client, compression_in);
  check(chosen->compression_out, *client, compression_out);
  if (chosen->kex.empty() || chosen->cipher_in.empty() || (chosen->drops_guess && !client->first_follows)) std::abort();
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  auto const payload = std::string_view{reinterpret_cast<char const *>(data), size};
  read(payload, Trailing::refused);
  read(payload, Trailing::ignored);
  return 0;
}
