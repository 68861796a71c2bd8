// The registry of sensors in memory. What people do is not audited here; the SQLite catalogue's tests show that.
#pragma once

#include <algorithm>

#include "model/ports/catalogue.hpp"

namespace noroshi::test {

class FakeSensorRegistry : public model::Catalogue {
public:
  auto ensure_sensor(std::string_view name) -> Result<model::Sensor> override {
    for (auto const &sensor : sensors_)
      if (sensor.name == name) return sensor;
    auto sensor = model::Sensor{};
    sensor.id = {static_cast<std::int64_t>(sensors_.size()) + 1};
    sensor.name = std::string{name};
    TRY(auto const source, ensure_source("sensor/" + sensor.name));
    sensor.source = source.id;
    sensors_.push_back(sensor);
    return sensor;
  }
  auto sensors(model::Viewer const &viewer) -> Result<std::vector<model::Sensor>> override {
    if (!viewer.may_see_observations()) return fail(ErrorCode::denied, "{} may not list sensors", viewer.name);
    return sensors_;
  }
  auto note_health(std::span<model::SensorHealth const> all) -> Result<void> override {
    for (auto const &health : all)
      for (auto &sensor : sensors_)
        if (sensor.id == health.sensor) {
          sensor.drops = health.drops;
          sensor.spool_bytes = health.spool_bytes;
          sensor.clock_offset_s = health.clock_offset_s;
          sensor.version = health.version;
          sensor.space = health.space;
          sensor.applied_version = health.applied_version;
          sensor.configuration_trouble = health.configuration_trouble;
        }
    return ok;
  }

  auto invite_sensor(std::string_view name, model::KeyPin const &secret_hash, Time, model::Viewer const &viewer)
      -> Result<model::Sensor> override {
    TRY_VOID(administers(viewer));
    TRY([[maybe_unused]] auto const made, ensure_sensor(name));
    invitations_[secret_hash] = std::string{name};
    find(name)->state = model::SensorState::invited;
    return *find(name);
  }
  auto join_sensor(model::KeyPin const &secret_hash, model::KeyPin const &key, std::string_view)
      -> Result<model::Sensor> override {
    auto const invitation = invitations_.find(secret_hash);
    if (invitation == invitations_.end()) return fail(ErrorCode::denied, "this enrolment code is not known here");
    auto *const sensor = find(invitation->second);
    invitations_.erase(invitation);
    sensor->state = model::SensorState::joined;
    sensor->key = key;
    ++version_;
    return *sensor;
  }
  auto revoke_sensor(std::string_view name, model::Viewer const &viewer) -> Result<void> override {
    TRY_VOID(administers(viewer));
    auto *const sensor = find(name);
    if (sensor == nullptr) return fail(ErrorCode::not_found, "there is no sensor {}", name);
    sensor->state = model::SensorState::revoked;
    sensor->key.reset();
    ++version_;
    return ok;
  }
  auto configure_sensors(std::string_view name, std::span<model::SettingChange const> changes,
                         model::Viewer const &viewer) -> Result<std::uint64_t> override {
    TRY_VOID(administers(viewer));
    if (!name.empty() && find(name) == nullptr) return fail(ErrorCode::not_found, "there is no sensor {}", name);
    for (auto const &change : changes)
      if (change.value) configuration_.settings[change.key] = *change.value;
    ++version_;
    return ++configuration_.version;
  }
  auto sensor_configuration(model::SensorId) -> Result<model::SensorConfiguration> override { return configuration_; }
  auto distrust_sensor(std::string_view name, Time since, std::string_view reason, model::Viewer const &viewer)
      -> Result<void> override {
    TRY_VOID(administers(viewer));
    auto *const sensor = find(name);
    if (sensor == nullptr) return fail(ErrorCode::not_found, "there is no sensor {}", name);
    sensor->distrusted_since = since;
    distrusts_.push_back(
        {distrusts_.size() + 1, sensor->id, sensor->source, sensor->name, since, std::nullopt, std::string{reason}});
    ++version_;
    return ok;
  }
  auto trust_sensor(std::string_view name, model::Viewer const &viewer) -> Result<void> override {
    TRY_VOID(administers(viewer));
    auto *const sensor = find(name);
    if (sensor == nullptr) return fail(ErrorCode::not_found, "there is no sensor {}", name);
    if (!sensor->distrusted_since) return fail(ErrorCode::conflict, "{} is not distrusted", name);
    sensor->distrusted_since.reset();
    for (auto &distrust : distrusts_) distrust.until = Time{std::chrono::days{20'000}};
    ++version_;
    return ok;
  }
  auto distrusts() -> Result<std::vector<model::Distrust>> override { return distrusts_; }
  [[nodiscard]] auto sensors_version() const -> std::uint64_t override { return version_; }

protected:
  static auto administers(model::Viewer const &viewer) -> Result<void> {
    if (!viewer.may_administer()) return fail(ErrorCode::denied, "{} is no administrator", viewer.name);
    return ok;
  }
  auto find(std::string_view name) -> model::Sensor * {
    auto const found = std::ranges::find(sensors_, name, &model::Sensor::name);
    return found == sensors_.end() ? nullptr : &*found;
  }
  std::vector<model::Sensor> sensors_;

private:
  std::map<model::KeyPin, std::string> invitations_;
  model::SensorConfiguration configuration_;
  std::vector<model::Distrust> distrusts_;
  std::uint64_t version_ = 1;
};

}  // namespace noroshi::test
