#include "codec/ssh/kexinit.hpp"

#include <doctest/doctest.h>

using namespace noroshi;
using namespace codec::ssh;

namespace {

auto proposal() -> KexInit {
  auto made = KexInit{};
  made[List::kex] = "curve25519-sha256,ecdh-sha2-nistp256";
  made[List::host_keys] = "ssh-ed25519,rsa-sha2-512";
  made[List::ciphers_in] = made[List::ciphers_out] = "chacha20-poly1305@openssh.com,aes128-ctr";
  made[List::macs_in] = made[List::macs_out] = "umac-64-etm@openssh.com,hmac-sha2-256";
  made[List::compression_in] = made[List::compression_out] = "none,zlib@openssh.com";
  return made;
}

}  // namespace

TEST_CASE("a KEXINIT is read as it was written, and not when it is cut or goes on") {
  auto made = proposal();
  made.cookie.fill('c');
  made.first_follows = true;
  auto const payload = to_payload(made);
  auto const read = parse_kexinit(payload);
  REQUIRE(read);
  CHECK(read->lists == made.lists);
  CHECK(read->cookie == made.cookie);
  CHECK(read->first_follows);
  for (auto size = std::size_t{0}; size < payload.size(); ++size) CHECK_FALSE(parse_kexinit(payload.substr(0, size)));
  CHECK_FALSE(parse_kexinit(payload + "x"));
}

TEST_CASE("the client's first name that the server has is chosen, list by list") {
  auto client = proposal();
  client[List::kex] = "nobody-knows,ecdh-sha2-nistp256,curve25519-sha256";
  client[List::ciphers_in] = "aes128-ctr";
  client[List::macs_in] = "hmac-sha2-256";
  auto const chosen = choose(client, proposal());
  REQUIRE(chosen);
  CHECK(chosen->kex == "ecdh-sha2-nistp256");
  CHECK(chosen->host_key == "ssh-ed25519");
  CHECK(chosen->cipher_in == "aes128-ctr");
  CHECK(chosen->mac_in == "hmac-sha2-256");
  CHECK(chosen->cipher_out == "chacha20-poly1305@openssh.com");
  CHECK(chosen->mac_out.empty());  // the cipher proves its packets itself
  CHECK(chosen->compression_in == "none");
}

TEST_CASE("the first list without a common name is told, in the order in which OpenSSH looks") {
  for (auto const list : {List::kex, List::host_keys, List::ciphers_in, List::compression_in, List::ciphers_out}) {
    auto client = proposal();
    client[list] = "nobody-knows";
    auto const chosen = choose(client, proposal());
    REQUIRE_FALSE(chosen);
    CHECK(chosen.error().list == list);
  }
  auto client = proposal();
  client[List::macs_in] = "nobody-knows";
  CHECK(choose(client, proposal()));
  client[List::ciphers_in] = "aes128-ctr";
  CHECK(choose(client, proposal()).error().list == List::macs_in);
}

TEST_CASE("a guess counts only where both would have begun alike") {
  auto client = proposal();
  client.first_follows = true;
  CHECK_FALSE(choose(client, proposal())->drops_guess);
  client[List::host_keys] = "rsa-sha2-512,ssh-ed25519";
  CHECK(choose(client, proposal())->drops_guess);
}

TEST_CASE("HASSH digests the client's four lists") {
  auto const client = proposal();
  CHECK(hassh_text(client) ==
        "curve25519-sha256,ecdh-sha2-nistp256;chacha20-poly1305@openssh.com,aes128-ctr;"
        "umac-64-etm@openssh.com,hmac-sha2-256;none,zlib@openssh.com");
  CHECK(hassh(client).size() == 32);
}
