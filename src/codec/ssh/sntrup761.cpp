#include "codec/ssh/sntrup761.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <openssl/sha.h>

#include "base/bytes.hpp"

namespace noroshi::codec::ssh {
namespace {

constexpr auto kDegree = std::size_t{761};  // p: polynomials modulo x^p - x - 1
constexpr auto kModulus = 4591;             // q
constexpr auto kWeight = std::size_t{286};  // w: coefficients of a short polynomial that are not zero
constexpr auto kHalf = (kModulus - 1) / 2;
constexpr auto kRoundedRange = std::uint16_t{(kModulus + 2) / 3};
constexpr auto kHashBytes = std::size_t{32};

using Polynomial = std::array<std::int16_t, kDegree>;
using Short = std::array<std::int8_t, kDegree>;

/// Numbers, each below its own limit, as bytes and back: pairs are joined into one number of the product of both
/// limits, whole low bytes leave it while the limit is at least 2^14, and what is left is encoded the same way
/// (section 4.1).
constexpr auto kLimit = std::uint32_t{1} << 14;

void encode(std::string &to, std::vector<std::uint16_t> const &numbers, std::vector<std::uint16_t> const &limits) {
  if (numbers.empty()) return;
  if (numbers.size() == 1) {
    auto number = numbers.front();
    for (auto limit = std::uint32_t{limits.front()}; limit > 1; limit = (limit + 255) >> 8, number >>= 8)
      to.push_back(static_cast<char>(number & 0xff));
    return;
  }
  auto joined = std::vector<std::uint16_t>{};
  auto joined_limits = std::vector<std::uint16_t>{};
  auto i = std::size_t{0};
  for (; i + 1 < numbers.size(); i += 2) {
    auto number = numbers[i] + std::uint32_t{numbers[i + 1]} * limits[i];
    auto limit = std::uint32_t{limits[i + 1]} * limits[i];
    for (; limit >= kLimit; limit = (limit + 255) >> 8, number >>= 8) to.push_back(static_cast<char>(number & 0xff));
    joined.push_back(static_cast<std::uint16_t>(number));
    joined_limits.push_back(static_cast<std::uint16_t>(limit));
  }
  if (i < numbers.size()) {
    joined.push_back(numbers[i]);
    joined_limits.push_back(limits[i]);
  }
  encode(to, joined, joined_limits);
}

/// `from` has as many bytes as encode() makes for these limits.
auto decode(ByteReader &from, std::vector<std::uint16_t> const &limits) -> std::vector<std::uint16_t> {
  if (limits.empty()) return {};
  if (limits.size() == 1) {
    auto number = std::uint32_t{0};
    auto shift = 0;
    for (auto limit = std::uint32_t{limits.front()}; limit > 1; limit = (limit + 255) >> 8, shift += 8)
      number |= std::uint32_t{from.little<std::uint8_t>()} << shift;
    return {static_cast<std::uint16_t>(number % limits.front())};
  }
  struct Low {
    std::uint32_t number = 0;
    int bits = 0;
  };
  auto lows = std::vector<Low>{};
  auto joined_limits = std::vector<std::uint16_t>{};
  auto i = std::size_t{0};
  for (; i + 1 < limits.size(); i += 2) {
    auto low = Low{};
    auto limit = std::uint32_t{limits[i]} * limits[i + 1];
    for (; limit >= kLimit; limit = (limit + 255) >> 8, low.bits += 8)
      low.number |= std::uint32_t{from.little<std::uint8_t>()} << low.bits;
    lows.push_back(low);
    joined_limits.push_back(static_cast<std::uint16_t>(limit));
  }
  if (i < limits.size()) joined_limits.push_back(limits[i]);
  auto const joined = decode(from, joined_limits);
  auto numbers = std::vector<std::uint16_t>{};
  numbers.reserve(limits.size());
  for (auto pair = std::size_t{0}; pair < lows.size(); ++pair) {
    auto const number = lows[pair].number + (std::uint32_t{joined[pair]} << lows[pair].bits);
    numbers.push_back(static_cast<std::uint16_t>(number % limits[2 * pair]));
    numbers.push_back(static_cast<std::uint16_t>(number / limits[2 * pair] % limits[2 * pair + 1]));
  }
  if (i < limits.size()) numbers.push_back(joined.back());
  return numbers;
}

auto public_polynomial(std::string_view key) -> Polynomial {
  auto from = ByteReader{key};
  auto const numbers = decode(from, std::vector<std::uint16_t>(kDegree, kModulus));
  auto polynomial = Polynomial{};
  std::ranges::transform(numbers, polynomial.begin(),
                         [](std::uint16_t number) { return static_cast<std::int16_t>(number - kHalf); });
  return polynomial;
}

/// kWeight coefficients of 1 or -1 at random places: random numbers whose last two bits say which, sorted.
auto random_short(std::function<void(std::span<char>)> const &random) -> Short {
  auto bytes = std::array<char, kDegree * 4>{};
  random(bytes);
  auto numbers = std::array<std::uint32_t, kDegree>{};
  for (auto i = std::size_t{0}; i < kDegree; ++i) {
    numbers[i] = load_le<std::uint32_t>(bytes.data() + 4 * i);
    numbers[i] = i < kWeight ? numbers[i] & ~std::uint32_t{1} : (numbers[i] & ~std::uint32_t{3}) | 1;
  }
  std::ranges::sort(numbers);
  auto polynomial = Short{};
  std::ranges::transform(numbers, polynomial.begin(),
                         [](std::uint32_t number) { return static_cast<std::int8_t>((number & 3) - 1); });
  return polynomial;
}

/// The product, each coefficient brought to -kHalf…kHalf.
auto multiply(Polynomial const &public_key, Short const &hidden) -> Polynomial {
  // At most 286 times 2,295 either way: 32 bits are plenty, and the inner loop is one that compilers vectorise.
  auto product = std::array<std::int32_t, 2 * kDegree>{};
  for (auto i = std::size_t{0}; i < kDegree; ++i) {
    if (hidden[i] == 0) continue;
    auto const sign = std::int32_t{hidden[i]};
    for (auto j = std::size_t{0}; j < kDegree; ++j) product[i + j] += sign * public_key[j];
  }
  // x^p = x + 1
  for (auto i = 2 * kDegree - 2; i >= kDegree; --i) {
    product[i - kDegree] += product[i];
    product[i - kDegree + 1] += product[i];
  }
  auto reduced = Polynomial{};
  for (auto i = std::size_t{0}; i < kDegree; ++i) {
    auto const rest = product[i] % kModulus;
    reduced[i] = static_cast<std::int16_t>(rest > kHalf ? rest - kModulus : rest < -kHalf ? rest + kModulus : rest);
  }
  return reduced;
}

/// Each coefficient's nearest multiple of three, encoded.
auto rounded(Polynomial const &polynomial) -> std::string {
  auto numbers = std::vector<std::uint16_t>{};
  numbers.reserve(kDegree);
  // -kHalf is a multiple of three, so counting up from it keeps the nearest ones where they are.
  static_assert(kHalf % 3 == 0);
  for (auto const each : polynomial) numbers.push_back(static_cast<std::uint16_t>((each + kHalf + 1) / 3));
  auto bytes = std::string{};
  encode(bytes, numbers, std::vector<std::uint16_t>(kDegree, kRoundedRange));
  return bytes;
}

/// Four coefficients a byte, each plus one, the first lowest.
auto packed(Short const &polynomial) -> std::string {
  auto bytes = std::string((kDegree + 3) / 4, '\0');
  for (auto i = std::size_t{0}; i < kDegree; ++i)
    bytes[i / 4] = static_cast<char>(bytes[i / 4] + ((polynomial[i] + 1) << (i % 4 * 2)));
  return bytes;
}

/// The first half of SHA-512, with a byte before that tells what is hashed.
auto hash(char what, std::string_view first, std::string_view second = {}) -> std::string {
  auto const bytes = std::string{what}.append(first).append(second);
  auto digest = std::array<unsigned char, SHA512_DIGEST_LENGTH>{};
  ::SHA512(reinterpret_cast<unsigned char const *>(bytes.data()), bytes.size(), digest.data());
  return {reinterpret_cast<char const *>(digest.data()), kHashBytes};
}

}  // namespace

auto sntrup_encapsulate(std::string_view public_key, std::function<void(std::span<char>)> const &random)
    -> Result<SntrupAnswer> {
  if (public_key.size() != kSntrupPublicKeyBytes)
    return fail(ErrorCode::malformed, "a public key of sntrup761 has {} bytes, this one {}", kSntrupPublicKeyBytes,
                public_key.size());
  auto const hidden = random_short(random);
  auto const secret = hash(3, packed(hidden));
  auto answer = SntrupAnswer{};
  answer.ciphertext = rounded(multiply(public_polynomial(public_key), hidden));
  answer.ciphertext += hash(2, secret, hash(4, public_key));
  answer.secret = hash(1, secret, answer.ciphertext);
  return answer;
}

}  // namespace noroshi::codec::ssh
