// From when on, and until when, a sensor is not believed.
#include "know/catalogue/rows.hpp"
#include "know/catalogue/sqlite_catalogue.hpp"

namespace noroshi::know {

namespace {
constexpr auto kMaxReasonBytes = std::size_t{1000};  // a few sentences
}

auto SqliteCatalogue::distrust_sensor(std::string_view name, Time since, std::string_view reason,
                                      model::Viewer const &viewer) -> Result<void> {
  if (!viewer.may_administer()) return rows::denied(viewer, "distrust a sensor", "an administrator");
  auto const now = clock_.now();
  if (since > now)
    return fail(ErrorCode::malformed, "{} is still to come; give the time from which on it is not to be believed",
                to_rfc3339(since));
  if (!reason.empty()) TRY_VOID(rows::check_text("reason", reason, kMaxReasonBytes));
  return change_sensors([&](sqlite::Connection &connection) -> Result<void> {
    TRY(auto const sensor, rows::sensor(connection, name));
    TRY_VOID(connection.run("INSERT INTO distrusts(sensor, since, reason) VALUES(?, ?, ?)", sensor.id, since, reason));
    return rows::note(connection, now, viewer.name, "sensor.distrust", sensor.name,
                      fmt::format("since {}{}{}", to_rfc3339(since), reason.empty() ? "" : ": ", reason));
  });
}

auto SqliteCatalogue::trust_sensor(std::string_view name, model::Viewer const &viewer) -> Result<void> {
  if (!viewer.may_administer()) return rows::denied(viewer, "trust a sensor", "an administrator");
  auto const now = clock_.now();
  return change_sensors([&](sqlite::Connection &connection) -> Result<void> {
    TRY(auto const sensor, rows::sensor(connection, name));
    if (!sensor.distrusted_since)
      return fail(ErrorCode::conflict, "the sensor {} is not distrusted; there is nothing to undo", sensor.name);
    TRY_VOID(connection.run("UPDATE distrusts SET until = ? WHERE sensor = ? AND until IS NULL", now, sensor.id));
    return rows::note(connection, now, viewer.name, "sensor.trust", sensor.name,
                      fmt::format("it was distrusted since {}", to_rfc3339(*sensor.distrusted_since)));
  });
}

auto SqliteCatalogue::distrusts() -> Result<std::vector<model::Distrust>> {
  return database_->read([](sqlite::Connection &connection) -> Result<std::vector<model::Distrust>> {
    auto all = std::vector<model::Distrust>{};
    auto query = connection.query(
        "SELECT d.number, d.sensor, s.source, s.name, d.since, d.until, d.reason FROM distrusts d JOIN sensors s ON "
        "s.id = d.sensor ORDER BY d.number");
    for (;;) {
      TRY(auto const more, query.step());
      if (!more) return all;
      all.push_back({query.unsigned_integer(0), model::SensorId{query.integer(1)}, model::SourceId{query.integer(2)},
                     std::string{query.text(3)}, query.time(4), query.optional_time(5), std::string{query.text(6)}});
    }
  });
}

}  // namespace noroshi::know
