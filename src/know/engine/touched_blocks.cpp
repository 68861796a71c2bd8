#include "know/engine/touched_blocks.hpp"

namespace noroshi::know::engine {

namespace {

constexpr auto kV4Bits = std::size_t{1} << 24;
// For some hundred thousand IPv6 blocks; it stays in the processor's cache.
constexpr auto kV6Bits = std::size_t{1} << 20;

void set(std::vector<std::uint64_t> &bits, std::size_t at) { bits[at / 64] |= std::uint64_t{1} << (at % 64); }
auto is_set(std::vector<std::uint64_t> const &bits, std::size_t at) -> bool {
  return !bits.empty() && ((bits[at / 64] >> (at % 64)) & 1) != 0;
}
auto slot(std::uint64_t network) -> std::size_t {
  return static_cast<std::size_t>((network * 0x9e37'79b9'7f4a'7c15) >> 44);
}
auto slash_24(model::IpAddress address) -> std::size_t { return (address.low() & 0xffff'ffff) >> 8; }

}  // namespace

void TouchedBlocks::add(model::IpAddress address, unsigned length) {
  if (address.is_v4()) {
    v4_.resize(kV4Bits / 64);
    auto const first = slash_24(address);
    auto const count = length >= 24 ? std::size_t{1} : std::size_t{1} << (24 - length);
    for (auto i = std::size_t{0}; i < count; ++i) set(v4_, (first + i) % kV4Bits);
  } else if (length >= 48) {
    v6_48_.resize(kV6Bits / 64);
    set(v6_48_, slot(address.high() >> 16));
  } else if (length >= 32) {
    v6_32_.resize(kV6Bits / 64);
    set(v6_32_, slot(address.high() >> 32));
  } else {
    all_v6_ = true;
  }
}

auto TouchedBlocks::may_enclose(model::IpAddress address) const -> bool {
  if (address.is_v4()) return is_set(v4_, slash_24(address));
  return all_v6_ || is_set(v6_48_, slot(address.high() >> 16)) || is_set(v6_32_, slot(address.high() >> 32));
}

}  // namespace noroshi::know::engine
