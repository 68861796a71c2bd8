#include "model/id.hpp"

#include <cerrno>
#include <cstdlib>

#include <sys/random.h>

#include "model/characters.hpp"

namespace noroshi::model {

namespace {

constexpr auto kUuidText = std::size_t{36};  // 8-4-4-4-12 hexadecimal digits

auto is_hyphen_place(std::size_t at) -> bool { return at == 8 || at == 13 || at == 18 || at == 23; }

}  // namespace

auto Uuid::v7(Time time, std::uint64_t random_high, std::uint64_t random_low) -> Uuid {
  auto const since = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  auto const high = static_cast<std::uint64_t>(since) << 16 | 0x7000 | (random_high & 0x0fff);
  return Uuid{high, std::uint64_t{2} << 62 | random_low >> 2};
}

auto Uuid::generate() -> Uuid {
  // Asked of the kernel each time (300 ns, once a visit): a buffer would be doubled by fork.
  auto random = std::array<std::uint64_t, 2>{};
  while (::getrandom(random.data(), sizeof random, 0) != static_cast<::ssize_t>(sizeof random)) {
    // Ids that repeat would make a store drop one of two visits as a duplicate; stopping is the lesser harm.
    if (errno != EINTR) std::abort();
  }
  return v7(system_clock().now(), random[0], random[1]);
}

auto Uuid::parse(std::string_view text) -> Result<Uuid> {
  auto const malformed = [&] {
    return fail(ErrorCode::malformed, "{} is not an id; write it as 01936f2e-7d3a-7cc1-8a3b-0123456789ab",
                quoted(text));
  };
  if (text.size() != kUuidText) return malformed();
  auto halves = std::array<std::uint64_t, 2>{};
  auto digits = 0;
  for (auto at = std::size_t{0}; at < kUuidText; ++at) {
    if (is_hyphen_place(at)) {
      if (text[at] != '-') return malformed();
      continue;
    }
    auto const value = hex_value(text[at]);
    if (value < 0) return malformed();
    auto &half = halves[digits++ < 16 ? 0 : 1];
    half = half << 4 | static_cast<std::uint64_t>(value);
  }
  return Uuid{halves[0], halves[1]};
}

auto Uuid::to_string() const -> std::string {
  constexpr auto kDigits = std::string_view{"0123456789abcdef"};
  auto text = std::string(kUuidText, '-');
  auto digit = 0;
  for (auto at = std::size_t{0}; at < kUuidText; ++at) {
    if (is_hyphen_place(at)) continue;
    auto const half = digit < 16 ? high_ : low_;
    text[at] = kDigits[half >> (60 - digit % 16 * 4) & 15];
    ++digit;
  }
  return text;
}

}  // namespace noroshi::model
