// TLS as the client opens it: records, ClientHello, and the two fingerprints that the field compares clients by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace noroshi::codec::tls {

/// A ClientHello of a browser has 600 bytes, with a post-quantum key share 1,800; OpenSSL refuses more than this too.
inline constexpr auto kMaxHello = std::size_t{16} << 10;
/// Records around it: a hello cut into single bytes would need more, and no client does that.
inline constexpr auto kMaxHelloRecords = kMaxHello + (std::size_t{4} << 10);

/// How far the first bytes of a connection hold the records (RFC 8446 section 5.1) of one whole ClientHello.
struct HelloFrame {
  enum class State : std::uint8_t {
    incomplete,  // all agrees so far, more must come
    whole,
    not_hello,  // no handshake record, or another message in it, or larger than kMaxHello
  };
  State state = State::incomplete;
  std::size_t bytes = 0;  // of its records, where it is whole
};
auto frame_client_hello(std::string_view bytes) -> HelloFrame;

/// Whether a first byte begins TLS (a handshake record) or its forerunner SSL 2 (a length with the high bit).
constexpr auto begins_tls(std::string_view bytes) -> bool { return bytes.starts_with('\x16'); }
constexpr auto begins_ssl2(std::string_view bytes) -> bool {
  return !bytes.empty() && (static_cast<unsigned char>(bytes.front()) & 0x80U) != 0;
}

/// RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2. Lists keep the client's order; GREASE (RFC 8701) is in them.
struct ClientHello {
  std::uint16_t version = 0;  // legacy_version: 0x0303 for TLS 1.2 and later
  std::vector<std::uint16_t> ciphers;
  std::vector<std::uint16_t> extensions;            // types
  std::vector<std::uint16_t> supported_versions;    // RFC 8446 section 4.2.1
  std::vector<std::uint16_t> groups;                // RFC 8422 section 5.1.1
  std::vector<std::uint16_t> signature_algorithms;  // RFC 8446 section 4.2.3
  std::vector<std::uint8_t> point_formats;          // RFC 8422 section 5.1.2
  std::vector<std::string> alpn;                    // RFC 7301, any bytes
  std::string server_name;                          // RFC 6066 section 3, any bytes
  bool has_server_name = false;                     // the extension is there, even where it holds no name
};

/// Reads the records that frame_client_hello() calls whole. Malformed where a length reaches past its end; an extension
/// whose inside is damaged counts with its type, and its values stay empty.
auto parse_client_hello(std::string_view records) -> Result<ClientHello>;

/// JA3 (Salesforce, 2017): "version,ciphers,extensions,groups,point formats", decimal, without GREASE.
auto ja3_text(ClientHello const &hello) -> std::string;
/// MD5 of it, hexadecimal.
auto ja3(ClientHello const &hello) -> std::string;

/// JA4 (FoxIO's technical details, TLS client, BSD 3-Clause part) over TCP, and its readable form JA4_r.
auto ja4(ClientHello const &hello) -> std::string;
auto ja4_text(ClientHello const &hello) -> std::string;

/// "TLS 1.3", "SSL 3.0"; hexadecimal where the number is none of them.
auto version_name(std::uint16_t version) -> std::string;

}  // namespace noroshi::codec::tls
