// Numbers that anybody can compute: what two sides agree on. Against real clients: tests/system/test_ssh.py.
#include "codec/ssh/kex.hpp"

#include <doctest/doctest.h>

#include <random>

#include "codec/ssh/sntrup761.hpp"

using namespace noroshi;
using namespace codec::ssh;

namespace {

Random const random_bytes = [engine = std::make_shared<std::mt19937>(3)](std::span<char> to) {
  for (auto &byte : to) byte = static_cast<char>((*engine)());
};

}  // namespace

TEST_CASE("a Diffie-Hellman value that gives its secret away is refused, others agree") {
  auto const &group = *fixed_group(14);
  auto const mine = dh_answer(group, std::string("\x12\x34\x56\x78"), random_bytes);
  REQUIRE(mine);
  CHECK(mine->value.size() <= 256);
  for (auto const &bad : {std::string{}, std::string(1, '\1'), std::string(1, '\3'), group.prime, std::string("\xff"),
                          std::string(257, '\x7f')})
    CHECK_FALSE(dh_answer(group, bad, random_bytes));
  // g^0xf…: of a known exponent both powers are the same number.
  CHECK(group.bits == 2'048);
  CHECK(fixed_group(2) == nullptr);
}

TEST_CASE("sntrup761 answers any key of the right size, each time with another secret") {
  auto const key = std::string(kSntrupPublicKeyBytes, '\x55');
  auto const one = sntrup_encapsulate(key, random_bytes);
  auto const two = sntrup_encapsulate(key, random_bytes);
  REQUIRE(one);
  REQUIRE(two);
  CHECK(one->ciphertext.size() == kSntrupCiphertextBytes);
  CHECK(one->secret.size() == kSntrupSecretBytes);
  CHECK(one->ciphertext != two->ciphertext);
  CHECK(one->secret != two->secret);
  CHECK_FALSE(sntrup_encapsulate(key + "x", random_bytes));
  CHECK(sntrup_encapsulate(std::string(kSntrupPublicKeyBytes, '\xff'), random_bytes));
}

TEST_CASE("each kind of host key signs by its names and is the same when it is read again") {
  for (auto const *kind : {"ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048"}) {
    auto const key = HostKey::generate(kind);
    REQUIRE(key);
    auto const again = HostKey::parse(key->to_pem());
    REQUIRE(again);
    CHECK(again->public_blob() == key->public_blob());
    CHECK(fingerprint(key->public_blob()).starts_with("SHA256:"));
    for (auto const name : key->algorithms()) CHECK(key->sign(name, "bytes"));
    CHECK_FALSE(key->sign("ssh-dss", "bytes"));
  }
  CHECK(HostKey::generate("dsa").error().code == ErrorCode::malformed);
  CHECK_FALSE(HostKey::parse("no key"));
}

TEST_CASE("key exchanges refuse what no client sends, at any length") {
  auto const opening = ExchangeOpening{"SSH-2.0-a", "SSH-2.0-b", "\x14", "\x14"};
  auto const key = *HostKey::generate("ed25519");
  auto const choose = ChooseGroup{[](GroupWish const &, Random const &) { return fixed_group(14); }};
  for (auto const name : known_key_exchanges())
    for (auto const size : {0, 1, 4, 5, 31, 36, 37, 200, 2'000}) {
      auto exchange = make_key_exchange(name, {opening, key, "ssh-ed25519", random_bytes, choose});
      REQUIRE(exchange);
      auto payload = begin_message(Message::kex_first);
      append_string(payload, std::string(static_cast<std::size_t>(size), '\xff'));
      CHECK_FALSE((*exchange)->receive(payload));
    }
}
