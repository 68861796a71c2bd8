#include "codec/enrolment_code.hpp"

#include <algorithm>
#include <charconv>

#include <openssl/evp.h>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "codec/base32.hpp"

namespace noroshi::codec {

namespace {

constexpr auto kPrefix = std::string_view{"nrj1"};
constexpr auto kCheckBytes = std::size_t{4};
// The longest code that can be, with room for separators; a file given by mistake is not searched through.
constexpr auto kMaxTextBytes = std::size_t{8192};
constexpr auto kAskAgain = std::string_view{"copy it again from where noroshi sensors enrol printed it"};

auto is_separator(char c) -> bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '-'; }

auto without_separators(std::string_view text) -> std::string {
  auto kept = std::string{};
  for (auto const c : text)
    if (!is_separator(c)) kept.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
  return kept;
}

auto is_host_character(char c) -> bool {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}
auto is_ipv6_character(char c) -> bool {
  return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

auto parse_body(std::string_view body) -> Result<EnrolmentCode> {
  auto reader = ByteReader{body};
  auto code = EnrolmentCode{};
  code.secret = std::string{reader.take(kEnrolmentSecretBytes)};
  auto const pin = reader.take(code.node.bytes.size());
  auto const count = reader.little<std::uint8_t>();
  if (reader.failed() || count == 0 || count > kMaxEnrolmentAddresses)
    return fail(ErrorCode::malformed, "this enrolment code was made by another version of Noroshi; ask for a new one");
  TRY(code.node, model::KeyPin::from_bytes(pin));
  for (auto i = 0U; i < count; ++i) {
    auto const address = reader.take(reader.little<std::uint8_t>());
    TRY_VOID(check_peer_address(address));
    code.addresses.emplace_back(address);
  }
  if (reader.failed() || !reader.rest().empty())
    return fail(ErrorCode::malformed, "this enrolment code was made by another version of Noroshi; ask for a new one");
  return code;
}

}  // namespace

auto sha256(std::string_view bytes) -> model::KeyPin {
  auto hash = model::KeyPin{};
  auto length = static_cast<unsigned>(hash.bytes.size());
  EVP_Digest(bytes.data(), bytes.size(), hash.bytes.data(), &length, EVP_sha256(), nullptr);
  return hash;
}

auto check_peer_address(std::string_view address) -> Result<void> {
  auto const wrong = [&] {
    return fail(ErrorCode::malformed, "\"{}\" is not HOST:PORT, as in node.example.org:8788 or [2001:db8::1]:8788",
                printable(address.substr(0, 300)));
  };
  auto const colon = address.rfind(':');
  if (colon == std::string_view::npos || address.size() > std::min<std::size_t>(kMaxEnrolmentAddressBytes, 255))
    return wrong();
  auto host = address.substr(0, colon);
  auto const bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || !std::ranges::all_of(host, bracketed ? is_ipv6_character : is_host_character)) return wrong();
  auto const digits = address.substr(colon + 1);
  auto port = 0;
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port < 1 || port > 65535 || digits[0] == '0')
    return wrong();
  return ok;
}

auto EnrolmentCode::to_string() const -> std::string {
  auto body = secret;
  body.append(node.view());
  body.push_back(static_cast<char>(addresses.size()));
  for (auto const &address : addresses) {
    body.push_back(static_cast<char>(address.size()));
    body.append(address);
  }
  body.append(sha256(body).view().substr(0, kCheckBytes));
  return std::string{kPrefix} + to_base32(body);
}

auto EnrolmentCode::parse(std::string_view text) -> Result<EnrolmentCode> {
  if (text.size() > kMaxTextBytes)
    return fail(ErrorCode::malformed, "this is no enrolment code: it has {} characters", text.size());
  auto const code = without_separators(text);
  if (!code.starts_with(kPrefix))
    return fail(ErrorCode::malformed, "this is no enrolment code: those begin with {}; {}", kPrefix, kAskAgain);
  auto const whole = from_base32(std::string_view{code}.substr(kPrefix.size()));
  if (!whole || whole->size() < kCheckBytes)
    return fail(ErrorCode::malformed, "the enrolment code has a typing error or is cut off; {}", kAskAgain);
  auto const body = std::string_view{*whole}.substr(0, whole->size() - kCheckBytes);
  if (sha256(body).view().substr(0, kCheckBytes) != std::string_view{*whole}.substr(body.size()))
    return fail(ErrorCode::malformed, "the enrolment code has a typing error or is cut off; {}", kAskAgain);
  return parse_body(body);
}

}  // namespace noroshi::codec
