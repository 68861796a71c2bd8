// The building blocks of checked addresses, against values computed by other programs.
#include <doctest/doctest.h>

#include "base/bytes.hpp"
#include "model/base58.hpp"
#include "model/bech32.hpp"
#include "model/canonical.hpp"
#include "model/keccak.hpp"

using namespace noroshi;
using namespace noroshi::model;

namespace {

auto hex(Digest256 const &digest) -> std::string {
  return to_hex({reinterpret_cast<char const *>(digest.data()), digest.size()});
}

}  // namespace

TEST_CASE("Keccak-256 and SHA3-256 are told apart and right at every length of the last block") {
  // A separate implementation in Python; that of the empty text is known from Ethereum.
  CHECK(hex(keccak_256("")) == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  CHECK(hex(keccak_256("noroshi")) == "16e5fd74e69b79d79ef8fc7efaa59aa83259463ba5d6e63dd688798f5d0abf30");
  CHECK(hex(keccak_256(std::string(135, 'a'))) == "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446");
  CHECK(hex(keccak_256(std::string(136, 'a'))) == "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e");
  CHECK(hex(keccak_256(std::string(137, 'a'))) == "d869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39");
  // FIPS 202.
  CHECK(hex(sha3_256("")) == "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
}

TEST_CASE("base58 keeps leading zeros and refuses letters that look like others") {
  CHECK(from_base58("11") == std::string(2, '\0'));
  CHECK(from_base58("StV1DL6CwTryKyV") == "hello world");
  CHECK(!from_base58("0"));
  CHECK(!from_base58("I"));
  CHECK(!from_base58(std::string(65, '1')));
  CHECK(from_base58("").has_value());
}

TEST_CASE("blockwise base58 refuses what no bytes become") {
  CHECK(from_blockwise_base58("11111111111") == std::string(8, '\0'));
  CHECK(from_blockwise_base58("jpXCZedGfVQ") == std::string(8, '\xff'));
  CHECK(!from_blockwise_base58("jpXCZedGfVR"));  // one more than eight bytes hold
  CHECK(!from_blockwise_base58("zzzzzzzzzzz"));
  CHECK(!from_blockwise_base58("1"));  // no bytes have one character
  CHECK(from_blockwise_base58("5Q") == "\xff");
  CHECK(!from_blockwise_base58("5R"));
}

TEST_CASE("segwit addresses have the checksum, length and padding of their version") {
  // Of BIP 173 and BIP 350.
  CHECK(is_segwit_address("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
  CHECK(is_segwit_address("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"));
  CHECK(is_segwit_address("bc1sw50qgdz25j"));
  CHECK(!is_segwit_address("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd"));  // bech32 for version 1
  CHECK(!is_segwit_address("bc1s0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqjk2f2x"));
  CHECK(!is_segwit_address("bc1qr508d6qejxtdg4y5r3zarvaryv98gj9p"));   // a program of 16 bytes in version 0
  CHECK(!is_segwit_address("bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du"));  // zero padding of more than four bits
  CHECK(!is_segwit_address("bc1gmk9yu"));
  CHECK(!is_segwit_address("bc1"));
}

TEST_CASE("onion labels are those of version 2, or have the checksum of version 3") {
  CHECK(is_onion_label("expyuzz4wqqyqhjn"));
  CHECK(!is_onion_label("expyuzz4wqqyqhj1"));
  CHECK(is_onion_label("6rfg3od7wcmmntqrldj7yieysbvn7jcznue7lx4nvhindjdlqohwqvyd"));
  CHECK(!is_onion_label("6rfg3od7wcmmntqrldj7yieysbvn7jcznue7lx4nvhindjdlqohwqvye"));  // another version
  CHECK(!is_onion_label("7rfg3od7wcmmntqrldj7yieysbvn7jcznue7lx4nvhindjdlqohwqvyd"));
  CHECK(!is_onion_label(""));
}
