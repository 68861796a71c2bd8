#include "codec/ranges.hpp"

namespace noroshi::codec {

auto range_of(model::IpPrefix const &prefix) -> AddressRange {
  auto const bits = prefix.length() + (prefix.address().is_v4() ? 96U : 0U);
  auto high = prefix.address().high();
  auto low = prefix.address().low();
  if (bits < 64) high |= bits == 0 ? ~std::uint64_t{0} : ~std::uint64_t{0} >> bits;
  if (bits <= 64)
    low = ~std::uint64_t{0};
  else if (bits < 128)
    low |= ~std::uint64_t{0} >> (bits - 64);
  return {prefix.address(), {high, low}};
}

auto next_after(model::IpAddress address) -> std::optional<model::IpAddress> {
  auto const low = address.low() + 1;
  if (low != 0) return model::IpAddress{address.high(), low};
  if (address.high() == ~std::uint64_t{0}) return std::nullopt;
  return model::IpAddress{address.high() + 1, 0};
}

auto merged(std::vector<AddressRange> ranges) -> std::vector<AddressRange> {
  std::ranges::sort(ranges);
  auto whole = std::vector<AddressRange>{};
  for (auto const &range : ranges) {
    auto const behind = whole.empty() ? std::nullopt : next_after(whole.back().last);
    auto const touches =
        !whole.empty() && (!behind || range.first <= *behind) && range.first.is_v4() == whole.back().first.is_v4();
    if (touches)
      whole.back().last = std::max(whole.back().last, range.last);
    else
      whole.push_back(range);
  }
  return whole;
}

}  // namespace noroshi::codec
