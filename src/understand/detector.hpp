// Detector: looks at each observation once, as it is taken in, and says what follows from it. One file a detector in
// detectors/, registered on its last line.
#pragma once

#include <vector>

#include "base/config.hpp"
#include "model/ip.hpp"
#include "model/observation.hpp"
#include "understand/derived.hpp"

namespace noroshi::understand {

inline ConfigKey<bool> const kDerivePrivate{
    "derive.private_addresses", "false", "",
    "derive indicators from private, loopback and other special addresses too (for tests and the tour)"};
inline ConfigKey<std::vector<std::string>> const kOwnAddresses{
    "derive.own_addresses", "", "CIDR", "addresses and prefixes of one's own; they never become indicators"};
inline ConfigKey<Duration> const kAddressExpiry{
    "derive.address_expiry", "30d", "time",
    "how long an attack source stays listed after it was last seen; addresses change hands"};
inline ConfigKey<Duration> const kClaimExpiry{
    "derive.claim_expiry", "90d", "time",
    "how long a URL, host or hash that an attacker named stays listed after it was last seen"};

/// Which addresses may become indicators.
class AddressPolicy {
public:
  static auto create(Config const &config) -> Result<AddressPolicy>;
  [[nodiscard]] auto allows(model::IpAddress address) const -> bool;

private:
  std::vector<model::IpPrefix> own_;
  bool private_too_ = false;
};

struct DetectorInput {
  model::Observation const &observation;
  model::SourceId source;  // the sensor's
  AddressPolicy const &addresses;
  Config const &config;
};

/// Made once a run, used by one thread.
class Detector {
public:
  virtual ~Detector() = default;
  /// Reads its configuration; called once before the first observation.
  virtual void configure(Config const &) {}
  virtual void look_at(DetectorInput const &input, Derived &derived) = 0;
};

}  // namespace noroshi::understand
