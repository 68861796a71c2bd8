#include "codec/enrolment_code.hpp"

#include <doctest/doctest.h>

#include <openssl/evp.h>

#include "codec/base32.hpp"

using namespace noroshi;
using namespace noroshi::codec;

namespace {

auto sample() -> EnrolmentCode {
  auto code = EnrolmentCode{};
  for (auto i = 0; i < 20; ++i) code.secret.push_back(static_cast<char>(i * 13));
  for (auto i = 0U; i < 32; ++i) code.node.bytes[i] = static_cast<std::uint8_t>(255 - i);
  code.addresses = {"node.example.org:8788", "192.0.2.7:8788", "[2001:db8::1]:443"};
  return code;
}

}  // namespace

TEST_CASE("base32 gives the test vectors of RFC 4648, and takes nothing that it would not write") {
  CHECK(to_base32("") == "");
  CHECK(to_base32("f") == "my");
  CHECK(to_base32("fooba") == "mzxw6ytb");
  CHECK(to_base32("foobar") == "mzxw6ytboi");
  CHECK(from_base32("MZXW6YTBOI") == "foobar");
  for (auto const *wrong : {"m", "mz1", "mzxw6ytbo", "mz=", "mzxw6ytboj"}) CHECK_FALSE(from_base32(wrong));
}

TEST_CASE("a code says where the node is, by which key to know it, and the secret") {
  auto const code = sample();
  auto const read = EnrolmentCode::parse(code.to_string());
  REQUIRE(read);
  CHECK(read->secret == code.secret);
  CHECK(read->node == code.node);
  CHECK(read->addresses == code.addresses);
}

TEST_CASE("a code may be copied over several lines, in groups, in capitals") {
  auto text = std::string{};
  for (auto const c : sample().to_string()) {
    text.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
    if (text.size() % 9 == 0) text += text.size() % 2 == 0 ? "-" : "\n ";
  }
  CHECK(EnrolmentCode::parse(text));
}

TEST_CASE("every single typing error, swap, and cut is noticed, and the sentence says so") {
  auto const text = sample().to_string();
  for (auto i = std::size_t{4}; i < text.size(); ++i) {
    auto wrong = text;
    wrong[i] = wrong[i] == 'a' ? 'b' : 'a';
    auto const read = EnrolmentCode::parse(wrong);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::malformed);
    CHECK(read.error().sentence.find("typing error") != std::string::npos);
    CHECK_FALSE(EnrolmentCode::parse(text.substr(0, i)));
    auto swapped = text;
    if (i + 1 < text.size() && text[i] != text[i + 1]) {
      std::swap(swapped[i], swapped[i + 1]);
      CHECK_FALSE(EnrolmentCode::parse(swapped));
    }
  }
  CHECK(EnrolmentCode::parse("hello").error().sentence.find("begin with nrj1") != std::string::npos);
  CHECK_FALSE(EnrolmentCode::parse(""));
  CHECK_FALSE(EnrolmentCode::parse(std::string(100'000, 'a')));
}

TEST_CASE("addresses are host and port, and nothing that could be taken for something else") {
  for (auto const *good : {"a:1", "node.example.org:65535", "[::1]:8788", "192.0.2.1:80"})
    CHECK_MESSAGE(check_peer_address(good), good);
  for (auto const *bad : {"", "a", ":1", "a:", "a:0", "a:65536", "a:1x", "a b:1", "[]:1", "[g]:1", "::1:80", "a/b:1",
                          "a\n:1", "a:01", "a:-1"})
    CHECK_FALSE_MESSAGE(check_peer_address(bad), bad);
}
