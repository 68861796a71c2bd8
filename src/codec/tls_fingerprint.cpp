// JA3 and JA4 of a ClientHello.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/bytes.hpp"
#include "codec/tls_hello.hpp"

namespace noroshi::codec::tls {
namespace {

/// JA4 keeps so many hexadecimal digits of a hash.
constexpr auto kHashDigits = std::size_t{12};
/// JA4 counts in two digits.
constexpr auto kMaxCount = std::size_t{99};

/// RFC 8701: values that clients throw in at random, so that servers stay used to unknown ones.
auto is_grease(std::uint16_t value) -> bool { return (value & 0x0f0fU) == 0x0a0aU && value >> 8U == (value & 0xffU); }

auto without_grease(std::vector<std::uint16_t> const &values) -> std::vector<std::uint16_t> {
  auto kept = values;
  std::erase_if(kept, is_grease);
  return kept;
}

template <class Number>
auto joined(std::vector<Number> const &values) -> std::string {
  return fmt::format("{}", fmt::join(values, "-"));
}

auto hex_list(std::vector<std::uint16_t> const &values) -> std::string {
  return fmt::format("{:04x}", fmt::join(values, ","));
}

auto digest(std::string_view text, EVP_MD const *kind) -> std::string {
  auto bytes = std::array<char, EVP_MAX_MD_SIZE>{};
  auto size = 0U;
  // Fails only where the system forbids the hash (MD5 under FIPS): then there is no JA3.
  if (::EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char *>(bytes.data()), &size, kind, nullptr) !=
      1)
    return {};
  return to_hex({bytes.data(), size});
}

auto short_hash(std::string_view text) -> std::string {
  return text.empty() ? std::string(kHashDigits, '0') : digest(text, ::EVP_sha256()).substr(0, kHashDigits);
}

auto version_code(ClientHello const &hello) -> std::string_view {
  auto const offered = without_grease(hello.supported_versions);
  switch (offered.empty() ? hello.version : *std::ranges::max_element(offered)) {
    case 0x0304: return "13";
    case 0x0303: return "12";
    case 0x0302: return "11";
    case 0x0301: return "10";
    case 0x0300: return "s3";
    case 0x0002: return "s2";
    default: return "00";
  }
}

/// First and last character of the first ALPN value; of its hexadecimal form where either is no letter or digit.
auto alpn_code(ClientHello const &hello) -> std::string {
  if (hello.alpn.empty() || hello.alpn.front().empty()) return "00";
  auto const &value = hello.alpn.front();
  auto const is_plain = [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
  };
  if (is_plain(value.front()) && is_plain(value.back())) return {value.front(), value.back()};
  auto const hex = to_hex(value);
  return {hex.front(), hex.back()};
}

struct Ja4Parts {
  std::string head;
  std::string ciphers;  // sorted
  std::string rest;     // sorted extensions without server name and ALPN; behind "_" the signature algorithms as sent
};

auto ja4_parts(ClientHello const &hello) -> Ja4Parts {
  auto ciphers = without_grease(hello.ciphers);
  auto extensions = without_grease(hello.extensions);
  auto head =
      fmt::format("t{}{}{:02}{:02}{}", version_code(hello), hello.has_server_name ? 'd' : 'i',
                  std::min(ciphers.size(), kMaxCount), std::min(extensions.size(), kMaxCount), alpn_code(hello));
  std::erase_if(extensions, [](std::uint16_t type) { return type == 0 || type == 16; });
  std::ranges::sort(ciphers);
  std::ranges::sort(extensions);
  auto rest = hex_list(extensions);
  if (!hello.signature_algorithms.empty()) rest += "_" + hex_list(without_grease(hello.signature_algorithms));
  return {std::move(head), hex_list(ciphers), std::move(rest)};
}

}  // namespace

auto ja3_text(ClientHello const &hello) -> std::string {
  return fmt::format("{},{},{},{},{}", hello.version, joined(without_grease(hello.ciphers)),
                     joined(without_grease(hello.extensions)), joined(without_grease(hello.groups)),
                     joined(hello.point_formats));
}

auto ja3(ClientHello const &hello) -> std::string { return digest(ja3_text(hello), ::EVP_md5()); }

auto ja4(ClientHello const &hello) -> std::string {
  auto const parts = ja4_parts(hello);
  return fmt::format("{}_{}_{}", parts.head, short_hash(parts.ciphers), short_hash(parts.rest));
}

auto ja4_text(ClientHello const &hello) -> std::string {
  auto const parts = ja4_parts(hello);
  return fmt::format("{}_{}_{}", parts.head, parts.ciphers, parts.rest);
}

}  // namespace noroshi::codec::tls
