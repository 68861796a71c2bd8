#include "model/base58.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace noroshi::model {

namespace {

constexpr auto kAlphabet = std::string_view{"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"};
constexpr auto kMaxText = std::size_t{64};
constexpr auto kBlock = std::size_t{11};
constexpr auto kBlockBytes = std::size_t{8};
/// By bytes: how many characters a block has.
constexpr auto kBlockSizes = std::array<std::size_t, kBlockBytes + 1>{0, 2, 3, 5, 6, 7, 9, 10, kBlock};

auto append_block(std::string &to, std::string_view block) -> bool {
  auto const *const size = std::ranges::find(kBlockSizes, block.size());
  if (size == kBlockSizes.end()) return false;
  auto const bytes = static_cast<unsigned>(size - kBlockSizes.begin());
  auto number = std::uint64_t{0};
  for (auto const character : block) {
    auto const digit = kAlphabet.find(character);
    if (digit == std::string_view::npos || __builtin_mul_overflow(number, std::uint64_t{58}, &number) ||
        __builtin_add_overflow(number, std::uint64_t{digit}, &number))
      return false;
  }
  if (bytes < kBlockBytes && number >> bytes * 8 != 0) return false;
  for (auto byte = bytes; byte > 0; --byte) to.push_back(static_cast<char>(number >> (byte - 1) * 8 & 0xff));
  return true;
}

}  // namespace

auto is_base58(std::string_view text) -> bool {
  return std::ranges::all_of(text, [](char character) { return kAlphabet.contains(character); });
}

auto from_base58(std::string_view text) -> std::optional<std::string> {
  if (text.size() > kMaxText) return std::nullopt;
  auto bytes = std::string{};  // the least significant first
  for (auto const character : text) {
    auto const digit = kAlphabet.find(character);
    if (digit == std::string_view::npos) return std::nullopt;
    auto carry = static_cast<unsigned>(digit);
    for (auto &byte : bytes) {
      carry += static_cast<unsigned char>(byte) * 58U;
      byte = static_cast<char>(carry & 0xff);
      carry >>= 8;
    }
    if (carry > 0) bytes.push_back(static_cast<char>(carry));
  }
  bytes.append(std::min(text.find_first_not_of('1'), text.size()), '\0');
  std::ranges::reverse(bytes);
  return bytes;
}

auto from_blockwise_base58(std::string_view text) -> std::optional<std::string> {
  auto bytes = std::string{};
  for (; !text.empty(); text.remove_prefix(std::min(kBlock, text.size())))
    if (!append_block(bytes, text.substr(0, kBlock))) return std::nullopt;
  return bytes;
}

}  // namespace noroshi::model
