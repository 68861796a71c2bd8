#include "sense/source_limits.hpp"

#include <algorithm>

#include <sodium.h>

namespace noroshi::sense {
namespace {

constexpr auto kMinuteMs = std::uint32_t{60'000};

/// SipHash-2-4: sources choose their addresses, so the key is secret.
auto keyed(model::IpAddress const &source, std::array<unsigned char, 16> const &secret) -> std::uint64_t {
  auto const bytes = source.bytes();
  // All of an IPv4 address (its high half is zero), the /64 of an IPv6 one.
  auto const from = source.is_v4() ? std::size_t{8} : std::size_t{0};
  auto hash = std::uint64_t{};
  ::crypto_shorthash(reinterpret_cast<unsigned char *>(&hash), bytes.data() + from, 8, secret.data());
  return hash == 0 ? 1 : hash;
}

}  // namespace

SourceLimits::SourceLimits(SourceLimitOptions options)
    : options_(options),
      start_(std::chrono::steady_clock::now()),
      stripes_(std::make_unique<std::array<Stripe, kStripes>>()) {
  ::randombytes_buf(secret_.data(), secret_.size());
}

auto SourceLimits::admit(model::IpAddress const &source, std::chrono::steady_clock::time_point now) -> Admission {
  auto const key = keyed(source, secret_);
  auto const now_ms =
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now - start_).count());
  auto const stripe_number = key % kStripes;
  auto &stripe = (*stripes_)[stripe_number];
  auto const held = std::lock_guard{stripe.mutex};
  auto *const slot = find(stripe, key, now_ms);
  if (slot == nullptr) return {Verdict::admitted, {}};
  if (slot->active >= options_.concurrent) return {Verdict::too_many, {}};
  if (!spend(*slot, now_ms)) return {Verdict::too_fast, {}};
  ++slot->active;
  auto const number = stripe_number * kSlotsPerStripe + static_cast<std::size_t>(slot - stripe.slots.data());
  return {Verdict::admitted, {key, static_cast<std::uint32_t>(number)}};
}

void SourceLimits::release(Ticket const &ticket) {
  if (ticket.slot == kUntracked) return;
  auto &stripe = (*stripes_)[ticket.slot / kSlotsPerStripe];
  auto const held = std::lock_guard{stripe.mutex};
  auto &slot = stripe.slots[ticket.slot % kSlotsPerStripe];
  if (slot.key == ticket.key && slot.active > 0) --slot.active;
}

/// The source's slot, a free one, or that of the source that has been quiet longest; nullptr where all are active.
auto SourceLimits::find(Stripe &stripe, std::uint64_t key, std::uint32_t now_ms) -> Slot * {
  auto const first = (key / kStripes) % (kSlotsPerStripe / kWays) * kWays;
  auto const ways = stripe.slots.begin() + static_cast<std::ptrdiff_t>(first);
  auto *oldest = static_cast<Slot *>(nullptr);
  for (auto slot = ways; slot != ways + kWays; ++slot) {
    if (slot->key == key) return &*slot;
    if (slot->active == 0 && (oldest == nullptr || now_ms - slot->at_ms > now_ms - oldest->at_ms)) oldest = &*slot;
  }
  if (oldest != nullptr) *oldest = Slot{key, 0, now_ms, 0};
  return oldest;
}

/// A leaking bucket of one minute: each session costs 60,000 / per_minute milliseconds of refill.
auto SourceLimits::spend(Slot &slot, std::uint32_t now_ms) const -> bool {
  if (options_.per_minute == 0) return true;
  auto const cost = std::max(kMinuteMs / options_.per_minute, std::uint32_t{1});
  auto const refilled = now_ms - slot.at_ms;
  slot.spent_ms -= std::min(slot.spent_ms, refilled);
  slot.at_ms = now_ms;
  if (slot.spent_ms + cost > kMinuteMs) return false;
  slot.spent_ms += cost;
  return true;
}

}  // namespace noroshi::sense
