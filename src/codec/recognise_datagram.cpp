// Sources: the protocols' own specifications, named at each rule. A rule says yes only where a mark of several bytes or
// a whole header fits; a port number is no evidence.
#include "codec/recognise_datagram.hpp"

#include <array>
#include <cstdint>

namespace noroshi::codec {
namespace {

using namespace std::string_view_literals;

struct Beginning {
  std::string_view bytes;
  RecognisedDatagram meaning;
};

constexpr auto kBeginnings = std::to_array<Beginning>({
    {"OPTIONS sip:"sv, {"sip", "options"}},  // RFC 3261
    {"REGISTER sip:"sv, {"sip", "register"}},
    {"INVITE sip:"sv, {"sip", "invite"}},
    {"SIP/2.0 "sv, {"sip", {}}},
    {"M-SEARCH * HTTP/1.1"sv, {"ssdp", "search"}},  // UPnP Device Architecture 1.1, section 1.3
    {"NOTIFY * HTTP/1.1"sv, {"ssdp", {}}},
    {"d1:ad2:id20:"sv, {"bittorrent", {}}},                       // BEP 5
    {"\xff\xff\xff\xffTSource Engine Query"sv, {"a2s", "info"}},  // Valve server queries
    {"\xff\xff\xff\xffgetstatus"sv, {"quake3", "getstatus"}},
    {"\xff\xff\xff\xffgetinfo"sv, {"quake3", "getinfo"}},
});

auto byte(std::string_view bytes, std::size_t at) -> unsigned {
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
}
auto half(std::string_view bytes, std::size_t at) -> unsigned { return byte(bytes, at) << 8U | byte(bytes, at + 1); }
auto word(std::string_view bytes, std::size_t at) -> std::uint32_t {
  return static_cast<std::uint32_t>(half(bytes, at)) << 16U | half(bytes, at + 2);
}

/// RFC 1035 section 4.1: a query with one question, whose name ends within the datagram.
auto dns(std::string_view bytes) -> RecognisedDatagram {
  if (bytes.size() < 17 || (byte(bytes, 2) & 0xf8) != 0 || half(bytes, 4) != 1 || half(bytes, 6) != 0) return {};
  auto at = std::size_t{12};
  while (at < bytes.size() && byte(bytes, at) != 0) {
    if (byte(bytes, at) > 63) return {};
    at += 1 + byte(bytes, at);
  }
  if (at + 5 > bytes.size()) return {};
  auto const type = half(bytes, at + 1);
  auto const is_class = half(bytes, at + 3) & 0x7fffU;  // the high bit is mDNS's (RFC 6762 section 5.4)
  if (is_class != 1 && is_class != 3 && is_class != 255) return {};
  if (type == 0x20 || type == 0x21) return {"netbios", type == 0x21 ? "nbstat"sv : ""sv};  // RFC 1002 section 4.2
  return {"dns", type == 255 ? "any"sv : type == 16 && is_class == 3 ? "version"sv : ""sv};
}

/// RFC 5905 section 7.3 (client packets), RFC 9327 (control), and ntpd's private mode 7 with MON_GETLIST (20 or 42).
auto ntp(std::string_view bytes) -> RecognisedDatagram {
  auto const mode = byte(bytes, 0) & 7U;
  auto const version = byte(bytes, 0) >> 3U & 7U;
  if (version < 1 || version > 4) return {};
  if (mode == 7 && bytes.size() >= 8 && byte(bytes, 2) <= 3 && (byte(bytes, 3) == 42 || byte(bytes, 3) == 20))
    return {"ntp", "monlist"};
  if (mode == 6 && bytes.size() >= 12 && bytes.size() < 64 && byte(bytes, 1) == 2) return {"ntp", "readvar"};
  return mode == 3 && bytes.size() == 48 && byte(bytes, 1) <= 16 ? RecognisedDatagram{"ntp", {}} : RecognisedDatagram{};
}

/// RFC 3416 section 3 and RFC 3412: SEQUENCE, then version 0, 1 or 3.
auto snmp(std::string_view bytes) -> RecognisedDatagram {
  if (byte(bytes, 0) != 0x30 || bytes.size() < 12) return {};
  auto const at = byte(bytes, 1) < 0x80 ? std::size_t{2} : 2 + (byte(bytes, 1) & 0x7fU);
  if (at > 5 || byte(bytes, at) != 2 || byte(bytes, at + 1) != 1) return {};
  auto const version = byte(bytes, at + 2);
  auto const next = byte(bytes, at + 3);
  if (version == 3) return next == 0x30 ? RecognisedDatagram{"snmp", {}} : RecognisedDatagram{};
  if (version > 1 || next != 4) return {};  // a community
  auto const pdu = byte(bytes, at + 5 + byte(bytes, at + 4));
  return {"snmp", pdu == 0xa5 ? "getbulk"sv : ""sv};
}

/// RFC 4511 over UDP: message id, then a search; its answer is larger by far.
auto cldap(std::string_view bytes) -> RecognisedDatagram {
  if (byte(bytes, 0) != 0x30 || bytes.size() < 12) return {};
  auto const at = byte(bytes, 1) < 0x80 ? std::size_t{2} : 2 + (byte(bytes, 1) & 0x7fU);
  if (at > 6 || byte(bytes, at) != 2 || byte(bytes, at + 1) > 4) return {};
  return byte(bytes, at + 2 + byte(bytes, at + 1)) == 0x63 ? RecognisedDatagram{"cldap", "search"}
                                                           : RecognisedDatagram{};
}

/// memcached protocol.txt, "UDP protocol": id, sequence 0, one datagram, reserved 0; then a text command.
auto memcached(std::string_view bytes) -> RecognisedDatagram {
  if (bytes.size() < 12 || word(bytes, 2) != 1 || half(bytes, 6) != 0) return {};
  auto const command = bytes.substr(8);
  for (auto const known : {"stats"sv, "get "sv, "gets "sv, "set "sv, "version"sv, "add "sv})
    if (command.starts_with(known)) return {"memcached", known.substr(0, known.find(' '))};
  return {};
}

/// RFC 7296 section 3.1 (and RFC 2408): version 1.0 or 2.0, and a length that is the datagram's.
auto ike(std::string_view bytes) -> RecognisedDatagram {
  if (bytes.size() > 32 && word(bytes, 0) == 0) bytes.remove_prefix(4);  // the non-ESP marker of port 4500 (RFC 3948)
  if (bytes.size() < 28 || (byte(bytes, 17) != 0x10 && byte(bytes, 17) != 0x20)) return {};
  return word(bytes, 24) == bytes.size() ? RecognisedDatagram{"ike", {}} : RecognisedDatagram{};
}

/// RFC 8489 section 5: magic cookie, and a length that fits.
auto stun(std::string_view bytes) -> RecognisedDatagram {
  if (bytes.size() < 20 || word(bytes, 4) != 0x2112'a442 || half(bytes, 2) + 20U != bytes.size()) return {};
  return {"stun", {}};
}

/// RFC 7252 section 3: version 1, confirmable or not, GET; only with the discovery path of RFC 6690.
auto coap(std::string_view bytes) -> RecognisedDatagram {
  if (bytes.size() < 8 || (byte(bytes, 0) & 0xc0) != 0x40 || byte(bytes, 1) != 1) return {};
  return bytes.find(".well-known") != std::string_view::npos && bytes.find("core") != std::string_view::npos
             ? RecognisedDatagram{"coap", "discovery"}
             : RecognisedDatagram{};
}

/// RFC 1350 section 5: read or write request, file name, mode.
auto tftp(std::string_view bytes) -> RecognisedDatagram {
  if (half(bytes, 0) != 1 && half(bytes, 0) != 2) return {};
  auto const name = bytes.find('\0', 2);
  if (name == std::string_view::npos || name == 2) return {};
  auto const mode = bytes.substr(name + 1);
  for (auto const known : {"octet\0"sv, "netascii\0"sv, "OCTET\0"sv})
    if (mode.starts_with(known)) return {"tftp", half(bytes, 0) == 1 ? "read"sv : "write"sv};
  return {};
}

/// RFC 5531 section 9: a call of RPC version 2; program 100000 is the port mapper (RFC 1833), procedure 4 its list.
auto rpc(std::string_view bytes) -> RecognisedDatagram {
  if (bytes.size() < 40 || word(bytes, 4) != 0 || word(bytes, 8) != 2) return {};
  auto const lists = word(bytes, 12) == 100'000 && word(bytes, 20) == 4;
  return {word(bytes, 12) == 100'000 ? "portmap"sv : "rpc"sv, lists ? "dump"sv : ""sv};
}

/// RFC 6347 section 4.1: a handshake record of DTLS 1.0 or 1.2.
auto dtls(std::string_view bytes) -> RecognisedDatagram {
  auto const version = half(bytes, 1);
  return bytes.size() >= 25 && byte(bytes, 0) == 22 && (version == 0xfeff || version == 0xfefd)
             ? RecognisedDatagram{"dtls", {}}
             : RecognisedDatagram{};
}

/// RFC 9000 section 17.2: long header with the fixed bit, version 1 or 2 (RFC 9369), a datagram of 1,200 bytes or more.
auto quic(std::string_view bytes) -> RecognisedDatagram {
  auto const version = word(bytes, 1);
  return bytes.size() >= 1200 && (byte(bytes, 0) & 0xc0) == 0xc0 && (version == 1 || version == 0x6b33'43cf)
             ? RecognisedDatagram{"quic", {}}
             : RecognisedDatagram{};
}

/// WS-Discovery 1.1: a SOAP envelope with a probe.
auto discovery(std::string_view bytes) -> RecognisedDatagram {
  auto const head = bytes.substr(0, 1024);
  return head.starts_with('<') && head.find("ws/2005/04/discovery") != std::string_view::npos
             ? RecognisedDatagram{"ws-discovery", "probe"}
             : RecognisedDatagram{};
}

using Rule = auto (*)(std::string_view) -> RecognisedDatagram;
/// Those with the surest marks first.
constexpr auto kRules =
    std::to_array<Rule>({stun, dtls, ike, quic, rpc, memcached, snmp, cldap, tftp, coap, ntp, dns, discovery});

}  // namespace

auto recognise_datagram(std::string_view bytes) -> RecognisedDatagram {
  for (auto const &[beginning, meaning] : kBeginnings)
    if (bytes.starts_with(beginning)) return meaning;
  for (auto const rule : kRules)
    if (auto const meaning = rule(bytes); !meaning.protocol.empty()) return meaning;
  return {};
}

}  // namespace noroshi::codec
