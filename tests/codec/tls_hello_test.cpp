#include "codec/tls_hello.hpp"

#include <doctest/doctest.h>

#include "support/client_hello.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::codec::tls;
using namespace noroshi::test;
using State = HelloFrame::State;

auto parsed(std::string_view message) -> ClientHello {
  auto const hello = parse_client_hello(in_records(message));
  REQUIRE(hello);
  return *hello;
}

}  // namespace

TEST_CASE("a ClientHello gives its versions, lists, server name and ALPN in the client's order") {
  auto const hello = parsed(usual_hello("tower.example"));
  CHECK(hello.version == 0x0303);
  CHECK(hello.ciphers.size() == 16);
  CHECK(hello.ciphers[1] == 0x1301);
  CHECK(hello.extensions.front() == 0x3a3a);
  CHECK(hello.extensions.size() == 18);
  CHECK(hello.supported_versions == std::vector<std::uint16_t>{0x5a5a, 0x0304, 0x0303});
  CHECK(hello.groups == std::vector<std::uint16_t>{0x4a4a, 0x001d, 0x0017, 0x0018});
  CHECK(hello.signature_algorithms.size() == 8);
  CHECK(hello.point_formats == std::vector<std::uint8_t>{0});
  CHECK(hello.alpn == std::vector<std::string>{"h2", "http/1.1"});
  CHECK(hello.server_name == "tower.example");
  CHECK(hello.has_server_name);
}

TEST_CASE("JA4 sorts, leaves GREASE out and counts, as FoxIO's description does") {
  auto const hello = parsed(usual_hello("tower.example"));
  CHECK(ja4(hello) == "t13d1516h2_8daaf6152771_e5627efa2ab1");
  CHECK(
      ja4_text(hello) ==
      "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_0005,000a,000b,000d,0012,"
      "0015,0017,001b,0023,002b,002d,0033,4469,ff01_0403,0804,0401,0503,0805,0501,0806,0601");
}

TEST_CASE("JA3 keeps the client's order and leaves GREASE out") {
  auto const hello = parsed(usual_hello("tower.example"));
  CHECK(
      ja3_text(hello) ==
      "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,0-23-65281-10-11-35-16-5-13-18-"
      "51-45-43-27-17513-21,29-23-24,0");
  CHECK(ja3(hello) == "cd08e31494f9531f560d64c695473da9");
  // Salesforce's own example of an empty tail.
  auto const old = parsed(client_hello(0x0301, {4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99}, {}));
  CHECK(ja3_text(old) == "769,4-5-10-9-100-98-3-6-19-18-99,,,");
  CHECK(ja3(old) == "de350869b8c85de67a350c8d186f11e6");
}

TEST_CASE("JA4 writes zeros where a client sends no ciphers, extensions or ALPN, and hexadecimal for odd ALPN") {
  CHECK(ja4(parsed(client_hello(0x0301, {}, {}))) == "t10i000000_000000000000_000000000000");
  CHECK(ja4(parsed(client_hello(0x0300, {5}, {{0, server_name("a")}}))).starts_with("ts3d0101"));
  auto const with_alpn = [](std::string const &name) {
    return ja4(parsed(client_hello(0x0303, {5}, {{16, alpn({name})}}))).substr(8, 2);
  };
  CHECK(with_alpn("http/1.1") == "h1");
  CHECK(with_alpn("h") == "hh");
  CHECK(with_alpn("\xab") == "ab");
  CHECK(with_alpn("\xab\xcd") == "ad");
  CHECK(with_alpn(std::string{"h\xff"}) == "6f");
}

TEST_CASE("JA4 counts no further than 99") {
  auto ciphers = std::vector<std::uint16_t>{};
  for (auto cipher = 0; cipher < 150; ++cipher) ciphers.push_back(static_cast<std::uint16_t>(cipher));
  CHECK(ja4(parsed(client_hello(0x0303, ciphers, {}))).starts_with("t12i990000_"));
}

TEST_CASE("a hello is whole at its last byte and not before, however its records are cut") {
  auto const message = usual_hello("tower.example");
  for (auto const most : {std::size_t{1}, std::size_t{3}, std::size_t{100}, std::size_t{16'384}}) {
    auto const records = in_records(message, most);
    CAPTURE(most);
    for (auto size = std::size_t{0}; size < records.size(); ++size)
      REQUIRE(frame_client_hello(std::string_view{records}.substr(0, size)).state == State::incomplete);
    auto const whole = frame_client_hello(records + "\x14\x03\x03");
    CHECK(whole.state == State::whole);
    CHECK(whole.bytes == records.size());
    auto const hello = parse_client_hello(std::string_view{records}.substr(0, whole.bytes));
    REQUIRE(hello);
    CHECK(hello->server_name == "tower.example");
  }
}

TEST_CASE("what is no ClientHello is told as soon as it is known") {
  using namespace std::string_view_literals;
  CHECK(frame_client_hello("GET / HTTP/1.1\r\n").state == State::not_hello);
  CHECK(frame_client_hello("\x16\x02").state == State::not_hello);
  CHECK(frame_client_hello("\x16\x03\x01\0\0"sv).state == State::not_hello);        // an empty record
  CHECK(frame_client_hello("\x16\x03\x01\x40\x01"sv).state == State::not_hello);    // larger than a record may be
  CHECK(frame_client_hello("\x16\x03\x01\0\x04\x02"sv).state == State::not_hello);  // a ServerHello
  CHECK(frame_client_hello("\x16\x03\x01\0\x04\1\xff\xff\xff"sv).state == State::not_hello);  // 16 MB announced
  CHECK(frame_client_hello("\x16\x03\x01\0\x02\1\0\x15\x03\x01\0\x02\x02\x28"sv).state == State::not_hello);
}

TEST_CASE("lengths that reach past their end are malformed; a damaged extension still counts") {
  auto const message = usual_hello("tower.example");
  auto cut = message.substr(0, message.size() - 5);
  cut[3] = static_cast<char>(cut[3] - 5);
  if (static_cast<unsigned char>(message[3]) < 5) cut[2] = static_cast<char>(cut[2] - 1);
  CHECK(!parse_client_hello(in_records(cut)));
  CHECK(!parse_client_hello(""));
  CHECK(!parse_client_hello(in_records(std::string{"\1\0\0\1\3", 5})));
  auto const damaged = parsed(client_hello(0x0303, {5}, {{0, "\xff\xff"}, {16, "\xff\xff\xff"}, {43, "\x09\3"}}));
  CHECK(damaged.extensions == std::vector<std::uint16_t>{0, 16, 43});
  CHECK(damaged.server_name.empty());
  CHECK(damaged.has_server_name);
  CHECK(damaged.alpn.empty());
  CHECK(damaged.supported_versions.empty());
}

TEST_CASE("versions have their names") {
  CHECK(version_name(0x0304) == "TLS 1.3");
  CHECK(version_name(0x0300) == "SSL 3.0");
  CHECK(version_name(0x7f17) == "7f17");
}
