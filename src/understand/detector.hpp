// Detector: looks at each observation once, as it is taken in, and says what follows from it. One file a detector in
// detectors/, registered on its last line.
#pragma once

#include <vector>

#include "base/config.hpp"
#include "model/ip.hpp"
#include "model/observation.hpp"
#include "model/where_from.hpp"
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

inline ConfigKey<Duration> const kCarrierNatExpiry{
    "derive.carrier_nat_expiry", "24h", "time",
    "how long an address that a carrier's subscribers share stays listed: the next one behind it is somebody else"};

/// Which addresses may become indicators, and for how long.
class AddressPolicy {
public:
  static auto create(Config const &config) -> Result<AddressPolicy>;
  [[nodiscard]] auto allows(model::IpAddress address) const -> bool;
  [[nodiscard]] auto expiry() const -> Duration { return expiry_; }

private:
  std::vector<model::IpPrefix> own_;
  Duration expiry_{};
  bool private_too_ = false;
};

struct DetectorInput {
  model::Observation const &observation;
  model::SourceId source;  // the sensor's
  AddressPolicy const &addresses;
  Config const &config;
  model::WhereFrom const *where = nullptr;  // where the observation's source comes from, as of now
  /// decoy: this node's own sensors; access_log: what others wrote down and somebody imported.
  model::CollectedBy collected_by = model::CollectedBy::decoy;
};

/// A technique of MITRE ATT&CK (Enterprise). A context carries it as the tag "attack:ID".
struct Technique {
  std::string_view id;    // "T1110", "T1053.003"
  std::string_view name;  // ATT&CK's own
};

/// What `noroshi list detectors` prints.
struct DetectorAbout {
  std::string_view what;
  std::string_view needs;  // kinds of observation, and what else
  std::vector<Technique> techniques;
};

/// Made once a run, used by one thread. It keeps no more than a named limit, and what it keeps is lost with the
/// process: conclusions are logged, so nothing is concluded twice, but a window that a restart cuts begins anew.
class Detector {
public:
  virtual ~Detector() = default;
  [[nodiscard]] virtual auto about() const -> DetectorAbout = 0;
  /// Reads its configuration; called once before the first observation. An error says which key or file is wrong.
  virtual auto configure(Config const &) -> Result<void> { return ok; }
  virtual void look_at(DetectorInput const &input, Derived &derived) = 0;
};

/// How sure an observation makes us that its visitor attacks, and the tag for what it did.
struct Finding {
  std::uint8_t confidence = 0;
  std::string_view tag;
  std::uint64_t sessions = 0;
};

/// The one way by which a visitor's own address becomes an indicator. Nothing happens where it may be forged (whatever
/// came by UDP) or must not become one.
void add_finding(DetectorInput const &input, Finding const &finding, Derived &derived);

}  // namespace noroshi::understand
