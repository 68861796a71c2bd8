#include "understand/detector.hpp"

#include <algorithm>

namespace noroshi::understand {

auto AddressPolicy::create(Config const &config) -> Result<AddressPolicy> {
  auto policy = AddressPolicy{};
  policy.private_too_ = config.get(kDerivePrivate);
  for (auto const &text : config.get(kOwnAddresses)) {
    auto const whole = text.contains('/') ? text : text + (text.contains(':') ? "/128" : "/32");
    auto const prefix = model::IpPrefix::parse(whole);
    if (!prefix) return at("derive.own_addresses", prefix.error());
    policy.own_.push_back(*prefix);
  }
  return policy;
}

auto AddressPolicy::allows(model::IpAddress address) const -> bool {
  if (!private_too_ && address.is_special()) return false;
  return std::ranges::none_of(own_, [&](auto const &prefix) { return prefix.contains(address); });
}

}  // namespace noroshi::understand
