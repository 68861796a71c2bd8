#include "codec/tls_hello.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/bytes.hpp"

namespace noroshi::codec::tls {
namespace {

constexpr auto kRecordHeader = std::size_t{5};
constexpr auto kMessageHeader = std::size_t{4};
constexpr auto kHandshakeRecord = std::uint8_t{22};
constexpr auto kClientHello = std::uint8_t{1};
/// RFC 8446 section 5.1: a plaintext fragment is no larger.
constexpr auto kMaxFragment = std::size_t{1} << 14;

// IANA, TLS ExtensionType values.
constexpr auto kServerName = std::uint16_t{0};
constexpr auto kGroups = std::uint16_t{10};
constexpr auto kPointFormats = std::uint16_t{11};
constexpr auto kSignatureAlgorithms = std::uint16_t{13};
constexpr auto kAlpn = std::uint16_t{16};
constexpr auto kSupportedVersions = std::uint16_t{43};

auto byte(std::string_view bytes, std::size_t at) -> unsigned {
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
}

/// A handshake record of SSL 3.0 or later, as far as its header is there.
auto is_handshake_record(std::string_view bytes) -> bool {
  if (!bytes.empty() && byte(bytes, 0) != kHandshakeRecord) return false;
  if (bytes.size() > 1 && byte(bytes, 1) != 3) return false;
  if (bytes.size() < kRecordHeader) return true;
  auto const length = load_be<std::uint16_t>(bytes.data() + 3);
  return length > 0 && length <= kMaxFragment;
}

/// Walks the handshake records at the front of `bytes`; gives each fragment, also the last one as far as it is there,
/// to `take` while that says true. The bytes walked, or nothing where another record came.
template <class Take>
auto walk_records(std::string_view bytes, Take take) -> std::optional<std::size_t> {
  auto at = std::size_t{0};
  while (at < bytes.size()) {
    auto const rest = bytes.substr(at);
    if (!is_handshake_record(rest)) return std::nullopt;
    if (rest.size() < kRecordHeader) return at + rest.size();
    auto const length = std::size_t{load_be<std::uint16_t>(rest.data() + 3)};
    auto const fragment = rest.substr(kRecordHeader, length);
    at += kRecordHeader + fragment.size();
    if (!take(fragment)) return at;
  }
  return at;
}

auto numbers(std::string_view bytes) -> std::vector<std::uint16_t> {
  auto all = std::vector<std::uint16_t>{};
  for (auto at = std::size_t{0}; at + 1 < bytes.size(); at += 2)
    all.push_back(load_be<std::uint16_t>(bytes.data() + at));
  return all;
}

/// A vector behind its length of two bytes or one; empty where it is cut.
auto vector16(ByteReader &reader) -> std::string_view { return reader.take(reader.big<std::uint16_t>()); }
auto vector8(ByteReader &reader) -> std::string_view { return reader.take(reader.big<std::uint8_t>()); }

void read_server_name(std::string_view value, ClientHello &hello) {
  hello.has_server_name = true;
  auto reader = ByteReader{value};
  auto list = ByteReader{vector16(reader)};
  auto const type = list.big<std::uint8_t>();
  auto const name = vector16(list);
  if (!list.failed() && type == 0) hello.server_name = name;
}

void read_alpn(std::string_view value, ClientHello &hello) {
  auto reader = ByteReader{value};
  auto list = ByteReader{vector16(reader)};
  while (!list.rest().empty()) {
    auto const name = vector8(list);
    if (list.failed()) return;
    hello.alpn.emplace_back(name);
  }
}

void read_extension(std::uint16_t type, std::string_view value, ClientHello &hello) {
  auto reader = ByteReader{value};
  if (type == kServerName) read_server_name(value, hello);
  if (type == kAlpn) read_alpn(value, hello);
  if (type == kGroups) hello.groups = numbers(vector16(reader));
  if (type == kSignatureAlgorithms) hello.signature_algorithms = numbers(vector16(reader));
  if (type == kSupportedVersions) hello.supported_versions = numbers(vector8(reader));
  if (type != kPointFormats) return;
  for (auto const format : vector8(reader)) hello.point_formats.push_back(static_cast<std::uint8_t>(format));
}

auto read_extensions(std::string_view bytes, ClientHello &hello) -> bool {
  auto reader = ByteReader{bytes};
  while (!reader.rest().empty()) {
    auto const type = reader.big<std::uint16_t>();
    auto const value = vector16(reader);
    if (reader.failed()) return false;
    hello.extensions.push_back(type);
    read_extension(type, value, hello);
  }
  return true;
}

}  // namespace

auto frame_client_hello(std::string_view bytes) -> HelloFrame {
  constexpr auto kNot = HelloFrame{HelloFrame::State::not_hello, 0};
  auto head = std::string{};  // of the message: its type and length
  auto message = std::size_t{0};
  auto const wanted = [&head] { return kMessageHeader + (load_be<std::uint32_t>(head.data()) & 0xff'ffffU); };
  auto const walked = walk_records(bytes, [&](std::string_view fragment) {
    head.append(fragment.substr(0, kMessageHeader - head.size()));
    message += fragment.size();
    return head.size() < kMessageHeader || message < wanted();
  });
  if (!walked || (!head.empty() && byte(head, 0) != kClientHello)) return kNot;
  if (head.size() == kMessageHeader && wanted() > kMaxHello) return kNot;
  if (head.size() == kMessageHeader && message >= wanted()) return {HelloFrame::State::whole, *walked};
  return bytes.size() > kMaxHelloRecords ? kNot : HelloFrame{};
}

auto parse_client_hello(std::string_view records) -> Result<ClientHello> {
  auto message = std::string{};
  (void)walk_records(records, [&message](std::string_view fragment) {
    message += fragment;
    return message.size() <= kMaxHello;
  });
  auto const malformed = [] { return Error{ErrorCode::malformed, "no whole ClientHello"}; };
  auto reader = ByteReader{message};
  auto const head = reader.big<std::uint32_t>();
  auto body = ByteReader{reader.take(head & 0xff'ffffU)};
  if (reader.failed() || head >> 24U != kClientHello) return malformed();
  auto hello = ClientHello{};
  hello.version = body.big<std::uint16_t>();
  (void)body.take(32);  // random
  (void)vector8(body);  // session id
  hello.ciphers = numbers(vector16(body));
  (void)vector8(body);  // compression methods
  if (body.failed()) return malformed();
  if (body.rest().empty()) return hello;  // before TLS 1.2 there may be no extensions
  auto const extensions = vector16(body);
  if (body.failed() || !read_extensions(extensions, hello)) return malformed();
  return hello;
}

auto version_name(std::uint16_t version) -> std::string {
  if (version == 0x0002) return "SSL 2.0";
  if (version == 0x0300) return "SSL 3.0";
  if (version > 0x0300 && version <= 0x0304) return fmt::format("TLS 1.{}", version - 0x0301);
  return fmt::format("{:04x}", version);
}

}  // namespace noroshi::codec::tls
