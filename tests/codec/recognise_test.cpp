#include "codec/recognise.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using noroshi::codec::recognise;
using namespace std::string_view_literals;

struct Case {
  std::string_view bytes;
  std::string_view protocol;
};

auto const cases = std::vector<Case>{
    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv, "tls"},
    {"GET / HTTP/1.1\r\n"sv, "http"},
    {"BADMETHOD /x HTTP/1.0\r\n"sv, "http"},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv, "http2"},
    {"SSH-2.0-Go\r\n"sv, "ssh"},
    {"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00"sv, "rdp"},
    {"\x00\x00\x00\x54\xffSMBr"sv, "smb"},
    {"\x00\x00\x00\x90\xfeSMB@"sv, "smb"},
    {"CNXN\x00\x00\x00\x01"sv, "adb"},
    {"*1\r\n$4\r\nINFO\r\n"sv, "redis"},
    {"*13\r\n$4\r\n"sv, "redis"},
    {"INFO\r\n"sv, "redis"},
    {"\x05\x01\x00"sv, "socks5"},
    {"\x04\x01\x00\x50\x7f\x00\x00\x01\x00"sv, "socks4"},
    {"\x3a\x00\x00\x00\xa7\x41\x00\x00\x00\x00\x00\x00\xd4\x07\x00\x00"sv, "mongodb"},
    {"OPTIONS sip:nm SIP/2.0\r\n"sv, "sip"},
    {"OPTIONS / HTTP/1.0\r\n"sv, "http"},
    {"OPTIONS / RTSP/1.0\r\n"sv, "http"},  // told from HTTP only behind the target; a decoy answers both with an error
    {"DESCRIBE rtsp://a/ RTSP/1.0\r\n"sv, "rtsp"},
    {"\x10\x10\x00\x04MQTT\x04\x02"sv, "mqtt"},
    {"JRMI\x00\x02K"sv, "jrmi"},
    {"stats\r\n"sv, "memcached"},
    {"\x00\x00\x00\x08\x04\xd2\x16\x2f"sv, "postgresql"},
    {"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"sv, "ldap"},
    {"\xff\xfb\x1f"sv, "telnet"},
    {"\x00\x1e\x00\x06\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07version\x04"
     "bind\x00"sv,
     "dns"},
    {"AMQP\x00\x00\x09\x01"sv, "amqp"},
    {"RFB 003.008\n"sv, "vnc"},
};

}  // namespace

TEST_CASE("protocols are told from their first bytes") {
  for (auto const &[bytes, protocol] : cases) {
    CAPTURE(bytes);
    CHECK(recognise(bytes).protocol == protocol);
  }
}

TEST_CASE("a beginning that is cut short asks for more instead of naming another protocol") {
  for (auto const &[bytes, protocol] : cases) {
    if (protocol == "mongodb" || protocol == "dns" || protocol == "http") continue;  // told only by later bytes
    for (auto size = std::size_t{1}; size < std::min(bytes.size(), std::size_t{3}); ++size) {
      auto const told = recognise(bytes.substr(0, size));
      CAPTURE(bytes);
      CAPTURE(size);
      CHECK((told.more_could_tell || told.protocol == protocol));
    }
  }
}

TEST_CASE("nothing is claimed of noise or of nothing") {
  CHECK(recognise("").more_could_tell);
  CHECK(recognise("\x80\x81\x82\x83hello").protocol.empty());
  CHECK(recognise("hello world\r\n").protocol.empty());
  CHECK(!recognise("hello world\r\n").more_could_tell);
}
