#include "codec/recognise_datagram.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/bytes.hpp"

using namespace noroshi;
using codec::recognise_datagram;
using namespace std::string_view_literals;

namespace {

auto of_hex(std::string_view hex) -> std::string { return *from_hex(hex); }
auto name_of(std::string_view bytes) -> std::string {
  auto const [protocol, asks] = recognise_datagram(bytes);
  return std::string{protocol} + (asks.empty() ? "" : "/") + std::string{asks};
}

}  // namespace

TEST_CASE("the first datagram of common protocols is told, and what amplification asks for") {
  CHECK(name_of("OPTIONS sip:100@192.0.2.1 SIP/2.0\r\n") == "sip/options");
  CHECK(name_of("M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n") == "ssdp/search");
  CHECK(name_of(of_hex("1700032a00000000")) == "ntp/monlist");
  CHECK(name_of(of_hex("16020001000000000000000000")) == "ntp/readvar");
  CHECK(name_of("\x23" + std::string(47, '\0')) == "ntp");
  CHECK(name_of(of_hex("12340100000100000000000007") + "example" + of_hex("03") + "com" + of_hex("0000ff0001")) ==
        "dns/any");
  CHECK(name_of(of_hex("00060100000100000000000007") + "version" + of_hex("04") + "bind" + of_hex("0000100003")) ==
        "dns/version");
  CHECK(name_of(of_hex("80f00010000100000000000020") + "CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" + of_hex("0000210001")) ==
        "netbios/nbstat");
  CHECK(name_of(of_hex("302602010104067075626c6963a519020400000000020100020100300b300906052b060102010500")) ==
        "snmp/getbulk");
  CHECK(name_of(of_hex("302902010004067075626c6963a01c02044c33a7560201000201003000000000")) == "snmp");
  CHECK(name_of("\0\1\0\0\0\1\0\0stats\r\n"sv) == "memcached/stats");
  CHECK(name_of(of_hex("5b5e64c03e99b51100000000000000000110020000000000000001500000013400000001") +
                std::string(300, 'x')) == "ike");
  CHECK(name_of(of_hex("000100002112a442b7e7a701bc34d686fa87dfae")) == "stun");
  CHECK(name_of(of_hex("40017d70bb") + ".well-known" + of_hex("04") + "core") == "coap/discovery");
  CHECK(name_of("\0\1boot.ini\0octet\0"sv) == "tftp/read");
  CHECK(name_of(of_hex("72fe1d130000000000000002000186a00000000200000004") + std::string(16, '\0')) == "portmap/dump");
  CHECK(name_of(of_hex("16feff0000000000000000") + std::string(40, '\1')) == "dtls");
  CHECK(name_of(of_hex("c000000001") + std::string(1250, '\0')) == "quic");
  CHECK(name_of(of_hex("300c02010163070400") + "0123456") == "cldap/search");
  CHECK(name_of("d1:ad2:id20:aaaaaaaaaaaaaaaaaaaae1:q4:ping1:t2:aa1:y1:qe") == "bittorrent");
  CHECK(name_of("\xff\xff\xff\xffTSource Engine Query\0"sv) == "a2s/info");
}

TEST_CASE("where the marks do not fit, nothing is claimed") {
  CHECK(name_of("") == "");
  CHECK(name_of("\0"sv) == "");
  CHECK(name_of("hello") == "");
  CHECK(name_of(std::string(64, '\0')) == "");
  CHECK(name_of(std::string(1400, 'A')) == "");
  CHECK(name_of(of_hex("1234010000010000000000003f") + "short") == "");  // a name past the end
  CHECK(name_of(of_hex("5b5e64c03e99b511000000000000000001100200000000000000ffff") + "x") == "");  // another length
}
