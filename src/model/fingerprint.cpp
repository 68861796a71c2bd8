// Fingerprints that are no plain digests: of files (ssdeep, TLSH) and of TLS clients (JA4).
#include <algorithm>
#include <charconv>

#include "model/canonical.hpp"
#include "model/characters.hpp"

namespace noroshi::model {

namespace {

constexpr auto kBase64 = CharacterSet{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"};

auto refuse(std::string_view text, std::string_view why) -> Error {
  return fail(ErrorCode::malformed, "{} is not {}", quoted(text), why);
}

auto is_hex(std::string_view text) -> bool {
  return std::ranges::all_of(text, [](char character) { return hex_value(character) >= 0; });
}

/// 3, 6, 12…: the smallest block, doubled.
auto is_block_size(std::string_view digits) -> bool {
  auto size = std::uint64_t{0};
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.starts_with('0') || size % 3 != 0)
    return false;
  constexpr auto kLargest = std::uint64_t{3} << 30;  // ssdeep's own limit
  auto const blocks = size / 3;
  return size <= kLargest && (blocks & (blocks - 1)) == 0;
}

/// ssdeep stops at 64 characters, which the form without truncation has on both sides.
auto is_piecewise_hash(std::string_view text) -> bool {
  constexpr auto kMost = std::size_t{64};
  return text.size() <= kMost && std::ranges::all_of(text, [](char c) { return kBase64.contains(c); });
}

}  // namespace

auto canonical_ssdeep(std::string_view text) -> Result<std::string> {
  auto const hash = text.substr(0, text.find(','));
  auto const first = std::min(hash.find(':'), hash.size());
  auto const second = std::min(hash.find(':', first + 1), hash.size());
  auto const one = hash.substr(std::min(first + 1, hash.size()), second - std::min(first + 1, second));
  auto const two = hash.substr(std::min(second + 1, hash.size()));
  if (second == hash.size() || !is_block_size(hash.substr(0, first)) || !is_piecewise_hash(one) ||
      !is_piecewise_hash(two) || one.empty() != two.empty())
    return refuse(text, "an ssdeep hash: block size, hash, hash of twice the block size, with colons between them");
  return std::string{hash};
}

auto canonical_tlsh(std::string_view text) -> Result<std::string> {
  auto digits = text;
  if (digits.size() == 72 && (digits.starts_with("T1") || digits.starts_with("t1"))) digits.remove_prefix(2);
  if (digits.size() != 70 || !is_hex(digits)) return refuse(text, "a TLSH: \"T1\" and 70 hexadecimal digits");
  auto form = std::string{"T1"};
  for (auto const digit : digits) form += is_digit(digit) ? digit : static_cast<char>(digit & ~0x20);
  return form;
}

auto canonical_ja4(std::string_view text) -> Result<std::string> {
  constexpr auto kHead = std::size_t{10};
  constexpr auto kHash = std::size_t{12};
  auto const wrong = [&] {
    return refuse(text, "a JA4: ten characters about the client and two hashes of twelve digits, with _ between them");
  };
  if (text.size() != kHead + 2 * (kHash + 1) || text[kHead] != '_' || text[kHead + kHash + 1] != '_') return wrong();
  auto form = lower(text);
  // The ends of the ALPN's name keep their case.
  std::ranges::copy(text.substr(8, 2), form.begin() + 8);
  auto const head = std::string_view{form}.substr(0, kHead);
  constexpr auto kVersions =
      std::to_array<std::string_view>({"13", "12", "11", "10", "s3", "s2", "d1", "d2", "d3", "00"});
  auto const well_formed =
      std::string_view{"tqd"}.contains(head[0]) && std::ranges::find(kVersions, head.substr(1, 2)) != kVersions.end() &&
      std::string_view{"di"}.contains(head[3]) && std::ranges::all_of(head.substr(4, 4), is_digit) &&
      std::ranges::all_of(head.substr(8), [](char c) { return is_digit(c) || is_letter(c); });
  if (!well_formed || !is_hex(std::string_view{form}.substr(kHead + 1, kHash)) ||
      !is_hex(std::string_view{form}.substr(kHead + kHash + 2)))
    return wrong();
  return form;
}

}  // namespace noroshi::model
