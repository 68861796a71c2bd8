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

/// "host:80" → "host" where the text has one colon and 0…65535 behind it, else the whole text.
auto without_port(std::string_view text) -> std::string_view;
/// A decimal number of at most 65535; leading zeros are allowed.
auto parse_port(std::string_view digits) -> std::optional<std::uint16_t>;

}  // namespace noroshi::model
