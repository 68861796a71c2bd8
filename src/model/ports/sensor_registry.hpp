// The port of the sensor registry, a part of the catalogue: which sensors there are, by which key each is known, how it
// is configured, and from when on it is not believed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/id.hpp"
#include "model/key_pin.hpp"
#include "model/viewer.hpp"

namespace noroshi::model {

// Numbers are stored on disk: never reuse one.
/// local: reports over the API or is the node's own. invited: has a code that was not used yet. joined: known by its
/// key. revoked: its key is not accepted any more.
enum class SensorState : std::uint8_t { local = 0, joined = 1, revoked = 2, invited = 3 };
auto to_string(SensorState state) -> std::string_view;

struct Sensor {
  SensorId id;
  std::string name;
  SourceId source;  // contexts derived from it carry this
  Time last_seen{};
  std::uint64_t epoch = 0;  // of its last acknowledged batch
  std::uint64_t sequence = 0;
  std::uint64_t observations = 0;
  std::uint64_t drops = 0;  // observations its spool dropped, as it reports itself
  std::uint64_t spool_bytes = 0;
  double clock_offset_s = 0;  // its clock minus ours
  std::string version;
  SensorState state = SensorState::local;
  std::optional<KeyPin> key;
  Time joined{};
  std::string space;                  // dark, mixed, production; empty where it does not say
  std::uint64_t configuration = 0;    // version that the node has for it; 0: none was ever set
  std::uint64_t applied_version = 0;  // version that it runs
  std::string configuration_trouble;  // why it refused a newer one; empty: it did not
  std::optional<Time> distrusted_since;
  std::string distrust_reason;
};

/// What a sensor says of itself beside its batches.
struct SensorHealth {
  SensorId sensor;
  std::uint64_t drops = 0, spool_bytes = 0;
  double clock_offset_s = 0;
  std::string version;
  std::string space;
  std::uint64_t applied_version = 0;
  std::string configuration_trouble;
  std::optional<Time> seen;  // by our clock; nothing: last_seen stays
};

/// A time in which a sensor is not believed: what was received in [since, until) counts for nothing.
struct Distrust {
  std::uint64_t number = 0;  // grows by one with each
  SensorId sensor;
  SourceId source;
  std::string name;  // the sensor's
  Time since{};
  std::optional<Time> until;  // nothing: it goes on
  std::string reason;
  [[nodiscard]] auto covers(SensorId of, Time received) const -> bool {
    return of == sensor && received >= since && (!until || received < *until);
  }
};

/// What the node wants of a sensor: settings of all sensors, with those of this one in their place.
struct SensorConfiguration {
  std::uint64_t version = 0;
  std::map<std::string, std::string> settings;  // configuration key → text
};

struct SettingChange {
  std::string key;
  std::optional<std::string> value;  // nothing: back to what all sensors have, or the default
};

/// Thread-safe. What people do is audited in the same transaction, and their right is checked here (denied).
class SensorRegistry {
public:
  virtual ~SensorRegistry() = default;

  /// The sensor of that name, made where it does not exist.
  virtual auto ensure_sensor(std::string_view name) -> Result<Sensor> = 0;
  virtual auto sensors(Viewer const &viewer) -> Result<std::vector<Sensor>> = 0;
  virtual auto note_health(std::span<SensorHealth const> health) -> Result<void> = 0;

  /// Keeps the SHA-256 of a one-time secret with which a sensor of that name may join until `expiry`; an earlier one
  /// that was not used is void. conflict for the node's own sensor.
  virtual auto invite_sensor(std::string_view name, KeyPin const &secret_hash, Time expiry, Viewer const &viewer)
      -> Result<Sensor> = 0;
  /// Uses a secret up: from now on `key` is the sensor's, and an older one is not accepted any more. denied where the
  /// secret is unknown, used or expired, or the key is another sensor's; that is audited too. `from`: who asked.
  virtual auto join_sensor(KeyPin const &secret_hash, KeyPin const &key, std::string_view from) -> Result<Sensor> = 0;
  virtual auto revoke_sensor(std::string_view name, Viewer const &viewer) -> Result<void> = 0;

  /// `name` empty: of all sensors. Keys and values are checked by the caller. Returns the new version.
  virtual auto configure_sensors(std::string_view name, std::span<SettingChange const> changes, Viewer const &viewer)
      -> Result<std::uint64_t> = 0;
  virtual auto sensor_configuration(SensorId sensor) -> Result<SensorConfiguration> = 0;

  /// What is received from it since `since` counts for nothing, until trust_sensor().
  virtual auto distrust_sensor(std::string_view name, Time since, std::string_view reason, Viewer const &viewer)
      -> Result<void> = 0;
  virtual auto trust_sensor(std::string_view name, Viewer const &viewer) -> Result<void> = 0;
  /// All there ever were, by number.
  virtual auto distrusts() -> Result<std::vector<Distrust>> = 0;

  /// Grows with every change of keys, states, settings and distrust: whoever keeps a copy reads again when it moved.
  [[nodiscard]] virtual auto sensors_version() const -> std::uint64_t = 0;
};

}  // namespace noroshi::model
