#include "sense/login_policy.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <new>

#include <fmt/format.h>
#include <sodium.h>

namespace noroshi::sense {
namespace {

constexpr auto kMostTries = std::int64_t{1'000};
constexpr auto kStripes = std::size_t{16};
// 16,384 sources in half a megabyte, of which the kernel gives only what is touched.
constexpr auto kSlotsPerStripe = std::size_t{1024};
constexpr auto kWays = std::size_t{8};

/// Never 0.
auto keyed(NodeSecret const &secret, std::string_view of) -> std::uint64_t {
  auto hash = std::uint64_t{};
  ::crypto_shorthash(reinterpret_cast<unsigned char *>(&hash), reinterpret_cast<unsigned char const *>(of.data()),
                     of.size(), secret.bytes.data());
  return hash == 0 ? 1 : hash;
}

}  // namespace

/// One source's guesses at one address.
struct LoginPolicy::Source {
  std::uint64_t key;      // 0: free
  std::uint64_t opened;   // the pair by which it got in; 0: none yet
  std::uint64_t refused;  // a bit for each pair that did not; two pairs of one bit count as one
  std::uint32_t tries;    // that were new
  std::uint32_t seen;     // when, in visits of its stripe
};

struct LoginPolicy::Memory {
  struct Free {
    void operator()(Source *sources) const { std::free(sources); }
  };
  struct Stripe {
    std::mutex mutex;
    std::uint32_t visits = 0;
    std::unique_ptr<Source[], Free> sources;
  };
  std::array<Stripe, kStripes> stripes;

  /// The source's place, a free one, or that of the one that was not seen for longest.
  static auto find(Stripe &stripe, std::uint64_t key) -> Source & {
    auto *const first = stripe.sources.get() + (key / kStripes) % (kSlotsPerStripe / kWays) * kWays;
    auto const seen = ++stripe.visits;
    auto *oldest = first;
    for (auto *source = first; source != first + kWays; ++source) {
      if (source->key == key) {
        source->seen = seen;
        return *source;
      }
      if (seen - source->seen > seen - oldest->seen) oldest = source;
    }
    *oldest = Source{key, 0, 0, 0, seen};
    return *oldest;
  }
};

LoginPolicy::~LoginPolicy() = default;

auto LoginPolicy::create(Persona const &persona, std::string const &section)
    -> Result<std::shared_ptr<LoginPolicy const>> {
  auto made = std::shared_ptr<LoginPolicy>{new LoginPolicy};
  made->accept_ = persona.list(section + ".accept");
  TRY(made->accept_try_, persona.number(section + ".accept_try", 0));
  if (made->accept_try_ < 0 || made->accept_try_ > kMostTries)
    return fail(ErrorCode::malformed, "persona {}: {}.accept_try is 0 to {}", persona.name(), section, kMostTries);
  made->secret_ = persona.secret();
  made->memory_ = std::make_unique<Memory>();
  for (auto &stripe : made->memory_->stripes) {
    stripe.sources.reset(static_cast<Source *>(std::calloc(kSlotsPerStripe, sizeof(Source))));
    if (stripe.sources == nullptr) throw std::bad_alloc{};
  }
  return made;
}

auto LoginPolicy::lists(std::string_view user, std::string_view password) const -> bool {
  return std::ranges::any_of(accept_, [&](std::string_view pair) {
    auto const colon = std::min(pair.find(':'), pair.size());
    auto const wanted_user = pair.substr(0, colon);
    auto const wanted_password = pair.substr(std::min(colon + 1, pair.size()));
    return (wanted_user == "*" || wanted_user == user) && (wanted_password == "*" || wanted_password == password);
  });
}

auto LoginPolicy::admits(Encounter const &visit, std::string_view user, std::string_view password) const -> bool {
  auto const listed = lists(user, password);
  if (accept_try_ == 0) return listed;
  auto const from = visit.source.address.bytes();
  auto const to = visit.destination.address.bytes();
  auto const key =
      keyed(secret_, fmt::format("{}{}", std::string_view{reinterpret_cast<char const *>(from.data()), from.size()},
                                 std::string_view{reinterpret_cast<char const *>(to.data()), to.size()}));
  auto const pair = keyed(secret_, fmt::format("{} {} {}", user.size(), user, password));
  auto &stripe = memory_->stripes[key % kStripes];
  auto const held = std::lock_guard{stripe.mutex};
  auto &source = Memory::find(stripe, key);
  if (listed || source.opened != 0) {
    if (listed && source.opened == 0) source.opened = pair;
    return listed || source.opened == pair;
  }
  auto const bit = std::uint64_t{1} << (pair % 64);
  if ((source.refused & bit) != 0) return false;
  if (++source.tries >= static_cast<std::uint32_t>(accept_try_)) {
    source.opened = pair;
    return true;
  }
  source.refused |= bit;
  return false;
}

}  // namespace noroshi::sense
