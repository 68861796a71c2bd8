// Sources: the protocols' own specifications, named at each rule. Text beginnings stand in one table; binary ones are a
// function each, because they need a length or a range beside the magic bytes.
#include "codec/recognise.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "base/bytes.hpp"

namespace noroshi::codec {
namespace {

using namespace std::string_view_literals;

struct Beginning {
  std::string_view bytes;
  std::string_view protocol;
};

constexpr auto kBeginnings = std::to_array<Beginning>({
    {"SSH-"sv, "ssh"},   // RFC 4253 section 4.2
    {"GET "sv, "http"},  // RFC 9110 methods, and what scanners add to them
    {"POST "sv, "http"},
    {"HEAD "sv, "http"},
    {"PUT "sv, "http"},
    {"DELETE "sv, "http"},
    {"CONNECT "sv, "http"},
    {"TRACE "sv, "http"},
    {"PATCH "sv, "http"},
    {"PROPFIND "sv, "http"},
    {"PRI * HTTP/2.0"sv, "http2"},  // RFC 9113 section 3.4
    {"CNXN"sv, "adb"},              // AOSP adb protocol.txt: A_CNXN
    {"\xffSMB"sv, "smb"},           // without the NetBIOS header, as some scanners send it
    {"JRMI"sv, "jrmi"},             // Java RMI transport, section 10.2
    {"REGISTER sip:"sv, "sip"},     // RFC 3261
    {"INVITE sip:"sv, "sip"},
    {"OPTIONS sip:"sv, "sip"},
    {"DESCRIBE rtsp:"sv, "rtsp"},  // RFC 2326
    {"OPTIONS rtsp:"sv, "rtsp"},
    {"SETUP rtsp:"sv, "rtsp"},
    {"OPTIONS * RTSP"sv, "rtsp"},
    {"OPTIONS * HTTP"sv, "http"},
    {"OPTIONS /"sv, "http"},
    {"OPTIONS http"sv, "http"},
    {"AMQP"sv, "amqp"},            // AMQP 0-9-1 section 4.2.2
    {"RFB 003."sv, "vnc"},         // RFC 6143 section 7.1.1
    {"stats\r\n"sv, "memcached"},  // memcached protocol.txt
    {"stats "sv, "memcached"},
    {"version\r\n"sv, "memcached"},
    {"get "sv, "memcached"},
    {"gets "sv, "memcached"},
    {"set "sv, "memcached"},
    {"\x80\x0a"sv, "memcached"},
    {"PING\r\n"sv, "redis"},  // inline commands of the Redis protocol
    {"INFO\r\n"sv, "redis"},
    {"ping\r\n"sv, "redis"},
    {"info\r\n"sv, "redis"},
    {"AUTH "sv, "redis"},
    {"CONFIG "sv, "redis"},
    {"SLAVEOF "sv, "redis"},
    {"USER "sv, "ftp_or_irc"},
    {"EHLO "sv, "smtp"},  // RFC 5321
    {"HELO "sv, "smtp"},
    {"GIOP"sv, "giop"},      // CORBA 3.3, 9.4
    {"l\0\x0b\0"sv, "x11"},  // X11 protocol, connection set-up, little-endian
    {"t3 "sv, "t3"},         // WebLogic
});

auto byte(std::string_view bytes, std::size_t at) -> unsigned {
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
}

/// yes, no, or "the bytes so far agree, but there are too few".
enum class Answer : std::uint8_t { no, maybe, yes };

auto needs(std::string_view bytes, std::size_t size, bool agrees) -> Answer {
  if (!agrees) return Answer::no;
  return bytes.size() >= size ? Answer::yes : Answer::maybe;
}

/// RFC 8446 section 5.1: handshake record, version 3.x, then a ClientHello.
auto tls(std::string_view bytes) -> Answer {
  auto const agrees = byte(bytes, 0) == 0x16 && (bytes.size() < 2 || byte(bytes, 1) == 3) &&
                      (bytes.size() < 3 || byte(bytes, 2) <= 4) && (bytes.size() < 6 || byte(bytes, 5) == 1);
  return needs(bytes, 6, agrees);
}

/// SSL 2 hello (draft-hickman): length with the high bit, type 1, version 2.0 or 3.x.
auto ssl2(std::string_view bytes) -> Answer {
  auto const agrees = (byte(bytes, 0) & 0x80) != 0 && byte(bytes, 0) < 0x84 &&
                      (bytes.size() < 3 || byte(bytes, 2) == 1) &&
                      (bytes.size() < 5 || (byte(bytes, 3) == 3 || (byte(bytes, 3) == 0 && byte(bytes, 4) == 2)));
  return bytes.size() < 3 ? Answer::no : needs(bytes, 5, agrees);
}

/// RFC 1006 TPKT with an X.224 connection request (MS-RDPBCGR 2.2.1.1).
auto rdp(std::string_view bytes) -> Answer {
  auto const agrees = byte(bytes, 0) == 3 && (bytes.size() < 2 || byte(bytes, 1) == 0) &&
                      (bytes.size() < 6 || (byte(bytes, 5) & 0xf0) == 0xe0);
  return needs(bytes, 6, agrees);
}

/// RFC 1002 section 4.3.1 session message with SMB 1 ("\xffSMB") or 2 ("\xfeSMB"), MS-SMB2 2.1.
auto smb(std::string_view bytes) -> Answer {
  auto const agrees = byte(bytes, 0) == 0 && (bytes.size() < 2 || byte(bytes, 1) <= 1) &&
                      (bytes.size() < 5 || byte(bytes, 4) >= 0xfd) && (bytes.size() < 8 || bytes.substr(5, 3) == "SMB");
  return needs(bytes, 8, agrees);
}

/// Redis serialisation protocol: "*<digits>\r\n$".
auto redis(std::string_view bytes) -> Answer {
  if (byte(bytes, 0) != '*') return Answer::no;
  auto at = std::size_t{1};
  while (at < bytes.size() && at < 8 && std::isdigit(static_cast<unsigned char>(bytes[at])) != 0) ++at;
  auto const expected = "\r\n$"sv;
  auto const rest = bytes.substr(at, expected.size());
  if (expected.substr(0, rest.size()) != rest || (at == 1 && bytes.size() > 1)) return Answer::no;
  return rest.size() == expected.size() ? Answer::yes : Answer::maybe;
}

/// RFC 1928: version 5, number of methods, exactly so many.
auto socks5(std::string_view bytes) -> Answer {
  auto const methods = byte(bytes, 1);
  auto const agrees = byte(bytes, 0) == 5 && (bytes.size() < 2 || (methods > 0 && methods < 16)) &&
                      (bytes.size() < 2 || bytes.size() <= 2 + methods);
  return needs(bytes, bytes.size() < 2 ? 3 : 2 + methods, agrees);
}

/// SOCKS 4: version, command 1 or 2, port, address, user id, zero.
auto socks4(std::string_view bytes) -> Answer {
  auto const agrees = byte(bytes, 0) == 4 && (bytes.size() < 2 || byte(bytes, 1) == 1 || byte(bytes, 1) == 2);
  return needs(bytes, 9, agrees);
}

/// MongoDB wire protocol: little-endian length, ids, opcode 2004 (OP_QUERY), 2013 (OP_MSG) or 2010 to 2012.
auto mongodb(std::string_view bytes) -> Answer {
  if (bytes.size() < 16)
    return bytes.size() >= 4 && load_le<std::uint32_t>(bytes.data()) - 16U < 48U * 1024 * 1024 && byte(bytes, 3) == 0 &&
                   byte(bytes, 2) == 0 && byte(bytes, 0) >= 16
               ? Answer::maybe
               : Answer::no;
  auto const opcode = load_le<std::uint32_t>(bytes.data() + 12);
  return opcode == 2004 || (opcode >= 2010 && opcode <= 2013) ? Answer::yes : Answer::no;
}

/// MQTT 3.1.1 and 5, section 3.1: CONNECT with the protocol name.
auto mqtt(std::string_view bytes) -> Answer {
  if (byte(bytes, 0) != 0x10) return Answer::no;
  auto at = std::size_t{1};
  while (at < 4 && (byte(bytes, at) & 0x80) != 0) ++at;
  auto const name = bytes.substr(std::min(at + 1, bytes.size()), 6);
  auto const fits = [name](std::string_view expected) { return expected.substr(0, name.size()) == name; };
  return needs(name, 6, fits("\0\4MQTT"sv) || fits("\0\6MQIs"sv));
}

/// PostgreSQL protocol, start-up: length, then version 3.0, SSLRequest or CancelRequest.
auto postgresql(std::string_view bytes) -> Answer {
  if (byte(bytes, 0) != 0 || byte(bytes, 1) != 0) return Answer::no;
  if (bytes.size() < 8) return Answer::maybe;
  auto const code = load_be<std::uint32_t>(bytes.data() + 4);
  return code == 196608 || code == 80877103 || code == 80877102 ? Answer::yes : Answer::no;
}

/// RFC 1035 section 4.2.2: length, id, flags of a query, one question.
auto dns(std::string_view bytes) -> Answer {
  if (bytes.size() < 14) return Answer::no;
  auto const length = load_be<std::uint16_t>(bytes.data());
  return length >= 17 && length <= 512 && (byte(bytes, 4) & 0xf8) == 0 &&
                 load_be<std::uint16_t>(bytes.data() + 6) == 1 && load_be<std::uint16_t>(bytes.data() + 8) == 0
             ? Answer::yes
             : Answer::no;
}

/// RFC 4511: SEQUENCE, INTEGER message id, then [APPLICATION 0] (bind) or 3 (search).
auto ldap(std::string_view bytes) -> Answer {
  if (byte(bytes, 0) != 0x30) return Answer::no;
  if (bytes.size() < 7) return Answer::maybe;
  auto const body = byte(bytes, 1) < 0x80 ? std::size_t{2} : 2 + (byte(bytes, 1) & 0x7fU);
  if (byte(bytes, body) != 2) return Answer::no;
  auto const operation = byte(bytes, body + 2 + byte(bytes, body + 1));
  return operation == 0x60 || operation == 0x63 || operation == 0x77 ? Answer::yes : Answer::no;
}

struct Rule {
  std::string_view protocol;
  Answer (*ask)(std::string_view bytes);
};

/// In the order of how narrow they are: a broad rule must not take a narrow one's bytes.
constexpr auto kRules = std::to_array<Rule>({{"tls", tls},
                                             {"rdp", rdp},
                                             {"smb", smb},
                                             {"redis", redis},
                                             {"socks5", socks5},
                                             {"mqtt", mqtt},
                                             {"postgresql", postgresql},
                                             {"ldap", ldap},
                                             {"ssl2", ssl2},
                                             {"mongodb", mongodb},
                                             {"dns", dns},
                                             {"socks4", socks4}});

/// A request line of a method that no table knows: "WORD SP target SP HTTP/".
auto looks_like_request_line(std::string_view bytes) -> bool {
  auto const line = bytes.substr(0, bytes.find('\n'));
  return line.find(" HTTP/") != std::string_view::npos && !line.empty() &&
         std::isalpha(static_cast<unsigned char>(line.front())) != 0;
}

}  // namespace

auto recognise(std::string_view first) -> Recognised {
  if (first.empty()) return {{}, true};
  // RFC 854: IAC and a negotiation verb.
  if (byte(first, 0) == 0xff && (first.size() < 2 || byte(first, 1) >= 0xf0))
    return first.size() < 2 ? Recognised{{}, true} : Recognised{"telnet", false};
  auto undecided = false;
  for (auto const &[bytes, protocol] : kBeginnings) {
    if (first.starts_with(bytes)) return {protocol, false};
    undecided |= bytes.starts_with(first);
  }
  if (looks_like_request_line(first)) return {"http", false};
  for (auto const &rule : kRules) {
    auto const answer = rule.ask(first);
    if (answer == Answer::yes) return {rule.protocol, false};
    undecided |= answer == Answer::maybe;
  }
  return {{}, undecided};
}

}  // namespace noroshi::codec
