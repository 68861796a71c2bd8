// The canonical forms one by one, for text that is refanged already. model/value.hpp is the door to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace noroshi::model {

/// An address, also in brackets or with a port, which is dropped.
auto canonical_ip(std::string_view text) -> Result<std::string>;
auto canonical_cidr(std::string_view text) -> Result<std::string>;
/// A domain name, also with a port, which is dropped.
auto canonical_domain(std::string_view text) -> Result<std::string>;
auto canonical_email(std::string_view text) -> Result<std::string>;
auto canonical_url(std::string_view text) -> Result<std::string>;
/// `digits` hexadecimal digits.
auto canonical_hash(std::string_view text, std::size_t digits) -> Result<std::string>;

/// "BLOCKSIZE:HASH:HASH", the file name that the ssdeep program prints behind it is dropped.
auto canonical_ssdeep(std::string_view text) -> Result<std::string>;
/// "T1" and 70 hexadecimal digits in upper case, as the tlsh program prints them; older ones lack the "T1".
auto canonical_tlsh(std::string_view text) -> Result<std::string>;
/// The fingerprint of a TLS or QUIC client (github.com/FoxIO-LLC/ja4), 36 characters; none of its relatives.
auto canonical_ja4(std::string_view text) -> Result<std::string>;

/// "AS" and the number in decimal. "64500", "AS64500", "ASN 64500", "AS1.10" (RFC 5396).
auto canonical_asn(std::string_view text) -> Result<std::string>;
/// "CVE-2021-44228".
auto canonical_cve(std::string_view text) -> Result<std::string>;
/// "T1059.001", "G0016"…
auto canonical_attack(std::string_view text) -> Result<std::string>;

/// Bitcoin: base58check (P2PKH, P2SH) or bech32 and bech32m (BIP 173, 350), main network.
auto canonical_btc(std::string_view text) -> Result<std::string>;
/// Ethereum: 40 hexadecimal digits; mixed case must be that of EIP-55.
auto canonical_eth(std::string_view text) -> Result<std::string>;
/// Monero: standard, integrated and subaddresses of the main network.
auto canonical_xmr(std::string_view text) -> Result<std::string>;

/// Names that their makers chose freely: taken as they are, without spaces and quotes around them. `what` is for the
/// sentence of a refusal: "a mutex".
auto canonical_name(std::string_view text, std::string_view what) -> Result<std::string>;
/// Not refanged text: a hive in full and the keys below it, lower case, one backslash between them.
auto canonical_registry_key(std::string_view text) -> Result<std::string>;
/// True where `text` begins with a hive of the registry and a separator.
auto looks_like_registry_key(std::string_view text) -> bool;

/// Without spaces and quotes around it.
auto unquoted(std::string_view text) -> std::string_view;
/// Without spaces, quotes and brackets around it, and what ends a sentence in Japanese behind it.
auto unwrapped(std::string_view text) -> std::string_view;

/// True where `text` begins with a scheme and what must follow it, or is a host with a path, query or fragment behind
/// it.
auto looks_like_url(std::string_view text) -> bool;

/// The host of a URL: a domain or an address in canonical form, an IPv6 address without brackets. Takes what browsers
/// take (WHATWG URL, host parsing): percent-encoding, IDNA, IPv4 in octal, hexadecimal, or with parts left out.
auto canonical_host(std::string_view text) -> Result<std::string>;

/// Lower-case A-labels (UTS #46, non-transitional) without a trailing dot; nothing is checked yet.
auto domain_to_ascii(std::string_view text) -> Result<std::string>;
/// Whether lower-case ASCII text is a domain name in our sense (docs/reference/canonical.md), else what it lacks.
auto check_domain(std::string_view domain) -> Result<void>;

/// Whether the label in front of "onion" is an address of Tor: 16 base32 letters (version 2), or 56 with the right
/// checksum (version 3).
auto is_onion_label(std::string_view label) -> bool;

/// "host:80" → "host" where the text has one colon and 0…65535 behind it, else the whole text.
auto without_port(std::string_view text) -> std::string_view;
/// A decimal number of at most 65535; leading zeros are allowed.
auto parse_port(std::string_view digits) -> std::optional<std::uint16_t>;

}  // namespace noroshi::model
