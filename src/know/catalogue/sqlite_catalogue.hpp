// The catalogue's class; its methods stand in one file a topic: identity, keys, audit, sensors, their
// keys, settings and distrust, reports, changes.
#pragma once

#include <atomic>
#include <memory>

#include "know/catalogue.hpp"
#include "know/catalogue/refusal_limit.hpp"
#include "know/sqlite_database.hpp"

namespace noroshi::know {

class SqliteCatalogue final : public model::Catalogue {
public:
  /// Shared with the book of watches, whose tables stand in the same file.
  SqliteCatalogue(std::shared_ptr<sqlite::Database> database, Clock const &clock)
      : database_(std::move(database)), clock_(clock) {}

  // identity.cpp
  auto organisation(model::OrganisationId id) -> Result<model::Organisation> override;
  auto users(model::Viewer const &viewer) -> Result<std::vector<model::User>> override;
  auto add_user(std::string_view name, model::UserRole role, model::OrganisationId organisation,
                model::Viewer const &viewer) -> Result<model::User> override;
  auto disable_user(std::string_view name, model::Viewer const &viewer) -> Result<void> override;
  auto local_administrator() -> Result<model::Viewer> override;

  // keys.cpp
  auto add_key(std::string_view user, std::string_view label, std::optional<Time> expiry, model::Viewer const &viewer)
      -> Result<std::string> override;
  auto keys(model::Viewer const &viewer) -> Result<std::vector<model::ApiKeyInfo>> override;
  auto revoke_key(std::int64_t id, model::Viewer const &viewer) -> Result<void> override;
  auto authenticate(std::string_view key, Time now) -> Result<model::Viewer> override;

  // audit.cpp
  auto audit(std::string_view action, std::string_view subject, std::string_view detail, model::Viewer const &viewer)
      -> Result<void> override;
  auto audit_log(model::Page page, model::Viewer const &viewer) -> Result<std::vector<model::AuditEntry>> override;

  // sensors.cpp
  auto ensure_sensor(std::string_view name) -> Result<model::Sensor> override;
  auto sensors(model::Viewer const &viewer) -> Result<std::vector<model::Sensor>> override;
  auto source(model::SourceId id) -> Result<model::Source> override;
  auto ensure_source(std::string_view name) -> Result<model::Source> override;
  auto apply(std::span<model::SensorProgress const> progress, std::uint64_t position) -> Result<void> override;
  auto cursor() -> Result<std::uint64_t> override;
  auto note_health(std::span<model::SensorHealth const> health) -> Result<void> override;

  // sensor_keys.cpp
  auto invite_sensor(std::string_view name, model::KeyPin const &secret_hash, Time expiry, model::Viewer const &viewer)
      -> Result<model::Sensor> override;
  auto join_sensor(model::KeyPin const &secret_hash, model::KeyPin const &key, std::string_view from)
      -> Result<model::Sensor> override;
  auto revoke_sensor(std::string_view name, model::Viewer const &viewer) -> Result<void> override;

  // sensor_settings.cpp
  auto configure_sensors(std::string_view name, std::span<model::SettingChange const> changes,
                         model::Viewer const &viewer) -> Result<std::uint64_t> override;
  auto sensor_configuration(model::SensorId sensor) -> Result<model::SensorConfiguration> override;

  // sensor_distrust.cpp
  auto distrust_sensor(std::string_view name, Time since, std::string_view reason, model::Viewer const &viewer)
      -> Result<void> override;
  auto trust_sensor(std::string_view name, model::Viewer const &viewer) -> Result<void> override;
  auto distrusts() -> Result<std::vector<model::Distrust>> override;
  [[nodiscard]] auto sensors_version() const -> std::uint64_t override { return sensors_version_.load(); }

  // reports.cpp
  auto add_report(std::string_view source, std::string_view title, std::span<model::IndicatorWrite const> writes,
                  model::Viewer const &viewer) -> Result<model::Report> override;
  auto withdraw_report(model::ReportId report, model::Viewer const &viewer) -> Result<void> override;
  auto reports(model::Page page, model::Viewer const &viewer) -> Result<std::vector<model::Report>> override;
  auto report(model::ReportId id, model::Viewer const &viewer) -> Result<model::Report> override;

  // feeds.cpp
  auto feed_source(std::string_view name, model::Viewer const &viewer) -> Result<model::Source> override;
  auto feed_reports(model::SourceId source, std::span<std::string const> titles, model::Tlp marking, std::int64_t load)
      -> Result<std::vector<model::ReportId>> override;
  auto claim_feed(model::SourceId source) -> Result<std::uint64_t> override;
  auto feed_loaded(model::FeedLoaded const &loaded, model::Viewer const &viewer) -> Result<void> override;

  // changes.cpp
  auto changes_after(std::uint64_t position, std::size_t limit)
      -> Result<std::optional<model::IndicatorCommit>> override;
  auto trim_changes(std::uint64_t position) -> Result<void> override;
  auto copy_to(std::string const &path) -> Result<void> override { return database_->copy_to(path); }

private:
  /// `work` in a transaction that changes keys, states, settings or distrust.
  template <class Work>
  auto change_sensors(Work work) {
    auto outcome = database_->write(work);
    ++sensors_version_;
    return outcome;
  }

  std::shared_ptr<sqlite::Database> database_;
  Clock const &clock_;
  std::atomic<std::uint64_t> sensors_version_{1};
  RefusalLimit guesses_;      // of codes that are not known here, by the caller's network
  RefusalLimit stale_codes_;  // that were used, expired or came from the wrong machine, by the sensor's name
};

}  // namespace noroshi::know
