// How much one source may have of us: sessions at once, and new ones a minute. One fixed-size table a process, so that
// a million sources cost the same memory as one.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

#include "model/ip.hpp"

namespace noroshi::sense {

struct SourceLimitOptions {
  std::uint32_t concurrent = 64;   // sessions a source may hold
  std::uint32_t per_minute = 600;  // sessions a source may begin, spent from a bucket of that size; 0: no limit
};

/// A source is an IPv4 address or an IPv6 /64 (what one visitor is given). Thread-safe: 64 stripes, each with a lock.
/// Where a stripe is full of active sources, further ones are admitted untracked: the global cap still holds.
class SourceLimits {
public:
  enum class Verdict : std::uint8_t { admitted, too_many, too_fast };
  /// What release() needs to find the source again.
  struct Ticket {
    std::uint64_t key = 0;
    std::uint32_t slot = kUntracked;
  };
  struct Admission {
    Verdict verdict = Verdict::admitted;
    Ticket ticket;
  };

  explicit SourceLimits(SourceLimitOptions options);
  auto admit(model::IpAddress const &source, std::chrono::steady_clock::time_point now) -> Admission;
  /// Once for every admission with verdict `admitted`.
  void release(Ticket const &ticket);

private:
  static constexpr auto kUntracked = std::uint32_t{0xffff'ffff};
  /// 65,536 sources in 1.5 MB: three times the sessions that a process may hold at once.
  static constexpr auto kStripes = std::size_t{64};
  static constexpr auto kSlotsPerStripe = std::size_t{1024};
  /// A source may live in any of 16 slots: with a table a third full all 16 are busy about once in 10 million.
  static constexpr auto kWays = std::size_t{16};

  struct Slot {
    std::uint64_t key = 0;       // 0: free
    std::uint32_t spent_ms = 0;  // the bucket's debt at `at_ms`, in milliseconds of refill
    std::uint32_t at_ms = 0;     // since start_; wraps after 49 days, which only forgives a debt
    std::uint32_t active = 0;
  };
  struct Stripe {
    std::mutex mutex;
    std::array<Slot, kSlotsPerStripe> slots;
  };
  auto find(Stripe &stripe, std::uint64_t key, std::uint32_t now_ms) -> Slot *;
  auto spend(Slot &slot, std::uint32_t now_ms) const -> bool;

  SourceLimitOptions options_;
  std::array<unsigned char, 16> secret_{};
  std::chrono::steady_clock::time_point start_;
  std::unique_ptr<std::array<Stripe, kStripes>> stripes_;
};

}  // namespace noroshi::sense
