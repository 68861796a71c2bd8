// Addresses of Bitcoin, Ethereum and Monero: each carries a checksum, so that hardly any other text is taken for one.
#include <algorithm>
#include <span>

#include <sodium.h>

#include "model/base58.hpp"
#include "model/bech32.hpp"
#include "model/canonical.hpp"
#include "model/characters.hpp"
#include "model/keccak.hpp"

namespace noroshi::model {

namespace {

constexpr auto kChecksum = std::size_t{4};

auto refuse(std::string_view text, std::string_view why) -> Error {
  return fail(ErrorCode::malformed, "{} is not {}", quoted(text), why);
}

/// What a wallet's link has behind the address ("bitcoin:1…?amount=1") is not part of it.
auto address_of(std::string_view text) -> std::string_view { return text.substr(0, text.find('?')); }

auto as_text(std::span<unsigned char const> bytes) -> std::string_view {
  return {reinterpret_cast<char const *>(bytes.data()), bytes.size()};
}

auto sha_256(std::string_view bytes) -> Digest256 {
  auto digest = Digest256{};
  ::crypto_hash_sha256(digest.data(), reinterpret_cast<unsigned char const *>(bytes.data()), bytes.size());
  return digest;
}

/// A version, the hash of a key (P2PKH, version 0) or of a script (P2SH, version 5), four bytes of a double SHA-256.
auto is_base58check_address(std::string_view text) -> bool {
  constexpr auto kBytes = std::size_t{1 + 20 + kChecksum};
  auto const bytes = from_base58(text);
  if (!bytes || bytes->size() != kBytes || (bytes->front() != 0 && bytes->front() != 5)) return false;
  auto const content = std::string_view{*bytes}.substr(0, kBytes - kChecksum);
  auto const once = sha_256(content);
  auto const twice = sha_256(as_text(once));
  return bytes->ends_with(as_text(std::span{twice}.first<kChecksum>()));
}

/// EIP-55: a letter is upper case where the digit at its place in the Keccak-256 of the lower-case address is 8 or
/// more.
auto has_eip55_case(std::string_view digits) -> bool {
  auto const hash = keccak_256(lower(digits));
  for (auto i = std::size_t{0}; i < digits.size(); ++i) {
    auto const nibble = hash[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15;
    if (is_letter(digits[i]) && (nibble >= 8) != (digits[i] < 'a')) return false;
  }
  return true;
}

}  // namespace

auto canonical_btc(std::string_view text) -> Result<std::string> {
  text = address_of(text);
  auto const is_upper = std::ranges::none_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
  auto const is_lower = std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (is_upper || is_lower)
    if (auto lowered = lower(text); is_segwit_address(lowered)) return lowered;
  if (is_base58check_address(text)) return std::string{text};
  return refuse(text, "a Bitcoin address of the main network: its form or its checksum is wrong");
}

auto canonical_eth(std::string_view text) -> Result<std::string> {
  text = address_of(text);
  auto digits = text;
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  if (digits.size() != 40 || !std::ranges::all_of(digits, [](char c) { return hex_value(c) >= 0; }))
    return refuse(text, "an Ethereum address: \"0x\" and 40 hexadecimal digits");
  auto const lowered = lower(digits);
  auto const is_upper = std::ranges::none_of(digits, [](char c) { return c >= 'a' && c <= 'f'; });
  if (digits != lowered && !is_upper && !has_eip55_case(digits))
    return refuse(text, "an Ethereum address: the case of its letters is not its checksum (EIP-55)");
  return "0x" + lowered;
}

auto canonical_xmr(std::string_view text) -> Result<std::string> {
  constexpr auto kPlainBytes = std::size_t{1 + 32 + 32 + kChecksum};
  constexpr auto kPaymentId = std::size_t{8};
  text = address_of(text);
  auto const wrong = [&] {
    return refuse(text, "a Monero address of the main network: its form or its checksum is wrong");
  };
  if (text.size() != 95 && text.size() != 106) return wrong();
  auto const bytes = from_blockwise_base58(text);
  if (!bytes) return wrong();
  auto const kind = static_cast<unsigned char>(bytes->front());
  auto const plain = (kind == 18 || kind == 42) && bytes->size() == kPlainBytes;  // standard, subaddress
  auto const integrated = kind == 19 && bytes->size() == kPlainBytes + kPaymentId;
  if (!plain && !integrated) return wrong();
  auto const hash = keccak_256(std::string_view{*bytes}.substr(0, bytes->size() - kChecksum));
  if (!bytes->ends_with(as_text(std::span{hash}.first<kChecksum>()))) return wrong();
  return std::string{text};
}

}  // namespace noroshi::model
