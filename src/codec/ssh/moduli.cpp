#include "codec/ssh/moduli.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <string>

#include "base/bytes.hpp"

namespace noroshi::codec::ssh {
namespace {

/// OpenSSH's list has some 430: a file with many more is another one.
constexpr auto kMostModuli = std::size_t{4096};
/// What sshd makes of any wish (DH_GRP_MIN, DH_GRP_MAX).
constexpr auto kLeastBits = 2048U;
constexpr auto kMostBits = 8192U;
/// moduli(5): type 2 is a safe prime; in the tests, bit 0 says composite and 4 that Miller and Rabin's was made.
constexpr auto kSafePrime = 2U;
constexpr auto kIsComposite = 1U;
constexpr auto kIsTested = 4U;

auto next_word(std::string_view &rest) -> std::string_view {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  auto const word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  return word;
}

auto next_number(std::string_view &rest) -> Result<unsigned> {
  auto const word = next_word(rest);
  auto number = 0U;
  auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || end != word.data() + word.size())
    return fail(ErrorCode::malformed, "\"{}\" is no number", word);
  return number;
}

auto parse_line(std::string_view line) -> Result<DhGroup> {
  next_word(line);  // when it was found
  TRY(auto const type, next_number(line));
  TRY(auto const tests, next_number(line));
  TRY(auto const tries, next_number(line));
  TRY(auto const size, next_number(line));
  TRY(auto const generator, next_number(line));
  TRY(auto prime, from_hex(next_word(line)));
  if (type != kSafePrime || (tests & kIsComposite) != 0 || (tests & kIsTested) == 0 || tries == 0)
    return fail(ErrorCode::malformed, "the modulus is not known to be a safe prime");
  if (generator < 2 || generator > 0x7f)
    return fail(ErrorCode::malformed, "{} is a generator that is not in use", generator);
  auto const first = prime.empty() ? 0U : static_cast<unsigned>(static_cast<unsigned char>(prime.front()));
  auto const bits = prime.size() * 8 - static_cast<std::size_t>(std::countl_zero(static_cast<unsigned char>(first)));
  if (first == 0 || bits != std::size_t{size} + 1)
    return fail(ErrorCode::malformed, "the modulus has another size than {} bits", std::size_t{size} + 1);
  return DhGroup{std::move(prime), generator, static_cast<unsigned>(bits)};
}

/// Where the list has nothing that fits.
auto fallback(unsigned most) -> DhGroup const * { return fixed_group(most < 3072 ? 14 : most < 6144 ? 16 : 18); }

auto below(std::size_t count, Random const &random) -> std::size_t {
  auto bytes = std::array<char, sizeof(std::uint64_t)>{};
  random(bytes);
  return static_cast<std::size_t>(std::bit_cast<std::uint64_t>(bytes) % count);
}

}  // namespace

auto parse_moduli(std::string_view text) -> Result<std::vector<DhGroup>> {
  auto moduli = std::vector<DhGroup>{};
  for (auto number = 1; !text.empty(); ++number) {
    auto const line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    auto group = parse_line(line);
    if (!group) return fail(ErrorCode::malformed, "line {}: {}", number, group.error().sentence);
    if (moduli.size() == kMostModuli) return fail(ErrorCode::malformed, "more than {} moduli", kMostModuli);
    moduli.push_back(*std::move(group));
  }
  return moduli;
}

auto choose_modulus(std::vector<DhGroup> const &moduli, GroupWish const &wish, Random const &random)
    -> DhGroup const * {
  if (wish.most < wish.least || wish.wanted < wish.least || wish.most < wish.wanted || wish.most < kLeastBits)
    return nullptr;
  auto const least = std::max(wish.least, kLeastBits);
  auto const most = std::min(wish.most, kMostBits);
  auto const wanted = std::clamp(wish.wanted, kLeastBits, kMostBits);
  auto best = 0U;
  auto fitting = std::vector<DhGroup const *>{};
  for (auto const &group : moduli) {
    if (group.bits < least || group.bits > most) continue;
    auto const is_better = best < wanted ? group.bits > best : group.bits >= wanted && group.bits < best;
    if (is_better) fitting.clear(), best = group.bits;
    if (group.bits == best) fitting.push_back(&group);
  }
  return fitting.empty() ? fallback(most) : fitting[below(fitting.size(), random)];
}

}  // namespace noroshi::codec::ssh
