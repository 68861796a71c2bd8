#include "understand/detector.hpp"

#include <algorithm>

namespace noroshi::understand {

auto AddressPolicy::create(Config const &config) -> Result<AddressPolicy> {
  auto policy = AddressPolicy{};
  policy.private_too_ = config.get(kDerivePrivate);
  policy.expiry_ = config.get(kAddressExpiry);
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

void add_finding(DetectorInput const &input, Finding const &finding, Derived &derived) {
  auto const &seen = input.observation;
  // A UDP datagram's sender is whatever its sender wrote there.
  if (seen.transport != model::Transport::tcp) return;
  auto const visitor = Visitor{seen.source.address, input.source, seen.service, input.collected_by};
  if (!derived.knows(visitor) && !input.addresses.allows(visitor.address)) return;
  derived.add(visitor, {.time = seen.time,
                        .expiry = seen.time + input.addresses.expiry(),
                        .sessions = finding.sessions,
                        .confidence = finding.confidence,
                        .tag = finding.tag});
}

}  // namespace noroshi::understand
