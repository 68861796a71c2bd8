// Sensor secrecy: what leaves the house does not tell where the sensors are, whichever way an attacker wrote their
// addresses into what was recorded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "model/ports/observation_store.hpp"

namespace noroshi::share {

/// What stands in place of a sensor's address or name: a name that can stand in a URL and is nobody's (RFC 6761).
inline constexpr auto kSensorMark = std::string_view{"sensor.invalid"};

class Secrecy {
public:
  /// malformed where `derive.own_addresses` holds what is no address or prefix.
  static auto create(Config const &config) -> Result<Secrecy>;

  /// Empties the destination's address and takes it out of every field and of `extra`; with it all addresses of
  /// `derive.own_addresses` and the names of `share.own_names`. The port stays.
  void scrub(model::StoredObservation &seen) const;

  /// `text` without the sensor's address: as dotted quad, also reversed and with hyphens, as one number or with octal
  /// and hexadecimal parts (inet_aton), IPv6 in any form, in host names, and all of that inside percent-, \x-, base64,
  /// hexadecimal and UTF-16 encoding, three layers deep; and its four or sixteen bytes.
  [[nodiscard]] auto scrubbed(std::string_view text, model::IpAddress sensor) const -> std::string;

private:
  std::vector<model::IpPrefix> own_;
  std::vector<std::string> names_;  // lower case
};

}  // namespace noroshi::share
