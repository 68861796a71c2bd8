// Values: what can be asked about and stored as an indicator. Every value becomes one canonical form at the door;
// equality afterwards is byte equality. docs/reference/canonical.md is the table of forms, and the test's input.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace noroshi::model {

/// The numbers are stored on disk: new types go to the end.
enum class ValueType : std::uint8_t {
  ip = 1,
  cidr,
  domain,
  url,
  email,
  md5,
  sha1,
  sha256,
  sha512,
  ssdeep,
  tlsh,
  imphash,
  ja3,
  ja4,
  hassh,
  asn,
  file_name,
  registry_key,
  mutex,
  user_agent,
  cve,
  attack,  // an id of MITRE ATT&CK: a technique, a group, a piece of software…
  btc,
  eth,
  xmr,
};

/// All of them, in the order of their numbers.
auto value_types() -> std::span<ValueType const>;

/// "ip", "cidr", "domain", … as in JSON; stable.
auto to_string(ValueType type) -> std::string_view;
auto parse_value_type(std::string_view text) -> Result<ValueType>;

struct Value {
  ValueType type = ValueType::ip;
  std::string text;  // canonical
  auto operator<=>(Value const &) const = default;
};

/// Longest value that is looked at: longer text is too_large. A URL in use is at most 8 KiB (RFC 9110 section 4.1 asks
/// for 8,000 octets); the rest is padding.
inline constexpr auto kMaxValueBytes = std::size_t{16 * 1024};

/// The canonical form of `text` as a value of `type`; the text may be defanged. `canonical(v.type, v.text) == v` holds
/// for every value v.
auto canonical(ValueType type, std::string_view text) -> Result<Value>;

/// Takes the type at its word where one stands in front ("mutex:Global\x", "ja3:…"), else finds it by the text's
/// signs: address, prefix, URL, e-mail, hash by length, CVE… and domain. What has no signs (a mutex, a file's name)
/// needs the word. The text may be defanged.
auto parse_value(std::string_view text) -> Result<Value>;

/// The text that says all of a value to people and programs: its canonical form, behind "TYPE:" where the type could
/// not be found otherwise. `parse_value(to_text(v)) == v` holds for every canonical value v.
auto to_text(Value const &value) -> std::string;

/// Undoes the public styles of defanging: hxxp, [.], (dot), [at], [:]//, full-width dots, surrounding <> and quotes.
auto refang(std::string_view text) -> std::string;

/// The parts of a canonical URL: host without brackets, port without colon, query without '?'; empty where absent.
struct UrlParts {
  std::string_view scheme, host, port, path, query;
};
/// `canonical_url` must be the text of a Value of type url.
auto split_url(std::string_view canonical_url) -> UrlParts;

}  // namespace noroshi::model
