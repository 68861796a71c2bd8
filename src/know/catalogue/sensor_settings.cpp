// What the node wants of its sensors: settings of all, and of one.
#include "know/catalogue/rows.hpp"
#include "know/catalogue/sqlite_catalogue.hpp"

namespace noroshi::know {

namespace {

// All sense.… keys there are, several times over.
constexpr auto kMaxChanges = std::size_t{200};
// A list of listeners for a whole prefix is long; more than this is a file pasted by mistake.
constexpr auto kMaxValueBytes = std::size_t{16} * 1024;

auto change(sqlite::Connection &connection, model::SensorId sensor, model::SettingChange const &change)
    -> Result<void> {
  if (!change.value)
    return connection.run("DELETE FROM sensor_settings WHERE sensor = ? AND key = ?", sensor, change.key);
  if (change.value->size() > kMaxValueBytes)
    return fail(ErrorCode::too_large, "the value of {} has {} bytes; at most {} are kept", change.key,
                change.value->size(), kMaxValueBytes);
  return connection.run(
      "INSERT INTO sensor_settings(sensor, key, value) VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = ?3", sensor,
      change.key, *change.value);
}

auto described(std::span<model::SettingChange const> changes) -> std::string {
  auto text = std::string{};
  for (auto const &change : changes)
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", change.key, change.value ? "=" + *change.value : " unset");
  return text;
}

/// One number for all sensors, so that a sensor's version never goes back when its own settings do.
auto raise_version(sqlite::Connection &connection, model::SensorId sensor) -> Result<std::uint64_t> {
  auto query = connection.query("SELECT ifnull(max(version), 0) + 1 FROM sensor_versions");
  TRY([[maybe_unused]] auto const row, query.step());
  auto const version = query.unsigned_integer(0);
  TRY_VOID(connection.run(
      "INSERT INTO sensor_versions(sensor, version) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET version = ?2", sensor,
      version));
  return version;
}

}  // namespace

auto SqliteCatalogue::configure_sensors(std::string_view name, std::span<model::SettingChange const> changes,
                                        model::Viewer const &viewer) -> Result<std::uint64_t> {
  if (!viewer.may_administer()) return rows::denied(viewer, "configure sensors", "an administrator");
  if (changes.empty()) return fail(ErrorCode::malformed, "no setting is given; name one, as in sense.hostname=gw-2");
  if (changes.size() > kMaxChanges)
    return fail(ErrorCode::too_large, "{} settings at once; at most {} are taken", changes.size(), kMaxChanges);
  return change_sensors([&](sqlite::Connection &connection) -> Result<std::uint64_t> {
    auto sensor = model::SensorId{};
    if (!name.empty()) {
      TRY(auto const found, rows::sensor(connection, name));
      sensor = found.id;
    }
    for (auto const &one : changes) TRY_VOID(change(connection, sensor, one));
    TRY_VOID(rows::note(connection, clock_.now(), viewer.name, "sensor.configure", name.empty() ? "all sensors" : name,
                        described(changes)));
    return raise_version(connection, sensor);
  });
}

auto SqliteCatalogue::sensor_configuration(model::SensorId sensor) -> Result<model::SensorConfiguration> {
  return database_->read([&](sqlite::Connection &connection) -> Result<model::SensorConfiguration> {
    auto wanted = model::SensorConfiguration{};
    auto version = connection.query("SELECT ifnull(max(version), 0) FROM sensor_versions WHERE sensor IN (0, ?)");
    TRY([[maybe_unused]] auto const row, version.bind(sensor).step());
    wanted.version = version.unsigned_integer(0);
    // Those of all come first, so that those of this sensor take their place.
    auto query = connection.query("SELECT key, value FROM sensor_settings WHERE sensor IN (0, ?) ORDER BY sensor, key");
    query.bind(sensor);
    for (;;) {
      TRY(auto const more, query.step());
      if (!more) return wanted;
      wanted.settings.insert_or_assign(std::string{query.text(0)}, std::string{query.text(1)});
    }
  });
}

}  // namespace noroshi::know
