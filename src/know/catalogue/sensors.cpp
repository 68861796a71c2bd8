#include "know/catalogue/rows.hpp"
#include "know/catalogue/sqlite_catalogue.hpp"

namespace noroshi::know {

namespace rows {

namespace {
/// A source's name may be a feed's URL; as long as a URL in use is.
constexpr auto kMaxSourceNameBytes = std::size_t{2048};

// An open distrust with the earliest beginning speaks for all that are open.
constexpr auto kSensorColumns = std::string_view{
    "SELECT s.id, s.name, s.source, s.last_seen, s.epoch, s.sequence, s.observations, s.drops, s.spool_bytes, "
    "s.clock_offset_s, s.version, s.state, s.key_pin, s.joined, s.space, s.applied_version, s.configuration_trouble, "
    "ifnull((SELECT max(version) FROM sensor_versions WHERE sensor IN (0, s.id)), 0), d.since, d.reason "
    "FROM sensors s LEFT JOIN distrusts d ON d.number = (SELECT number FROM distrusts WHERE sensor = s.id AND until IS "
    "NULL ORDER BY since LIMIT 1) "};

auto read_sensor(sqlite::Query const &query) -> model::Sensor {
  auto const pin = model::KeyPin::from_bytes(query.text(12));
  return {.id = model::SensorId{query.integer(0)},
          .name = std::string{query.text(1)},
          .source = model::SourceId{query.integer(2)},
          .last_seen = query.time(3),
          .epoch = query.unsigned_integer(4),
          .sequence = query.unsigned_integer(5),
          .observations = query.unsigned_integer(6),
          .drops = query.unsigned_integer(7),
          .spool_bytes = query.unsigned_integer(8),
          .clock_offset_s = query.real(9),
          .version = std::string{query.text(10)},
          .state = query.enumerated<model::SensorState>(11),
          .key = pin ? std::optional{*pin} : std::nullopt,
          .joined = query.time(13),
          .space = std::string{query.text(14)},
          .configuration = query.unsigned_integer(17),
          .applied_version = query.unsigned_integer(15),
          .configuration_trouble = std::string{query.text(16)},
          .distrusted_since = query.optional_time(18),
          .distrust_reason = std::string{query.text(19)}};
}

auto find_sensor(sqlite::Connection &connection, std::string_view name) -> Result<std::optional<model::Sensor>> {
  static auto const sql = std::string{kSensorColumns} + "WHERE s.name = ?";
  auto query = connection.query(sql);
  TRY(auto const found, query.bind(name).step());
  return found ? std::optional{read_sensor(query)} : std::nullopt;
}

auto find_source(sqlite::Connection &connection, std::string_view name) -> Result<std::optional<model::Source>> {
  auto query = connection.query("SELECT id, organisation FROM sources WHERE name = ?");
  TRY(auto const found, query.bind(name).step());
  if (!found) return std::optional<model::Source>{};
  return std::optional{
      model::Source{model::SourceId{query.integer(0)}, std::string{name}, model::OrganisationId{query.integer(1)}}};
}
}  // namespace

auto ensure_source(sqlite::Connection &connection, std::string_view name, model::OrganisationId organisation)
    -> Result<model::Source> {
  TRY_VOID(check_text("source's name", name, kMaxSourceNameBytes));
  TRY(auto known, find_source(connection, name));
  if (known) return *std::move(known);
  TRY_VOID(connection.run("INSERT INTO sources(name, organisation) VALUES(?, ?)", name, organisation));
  return model::Source{model::SourceId{connection.last_row_id()}, std::string{name}, organisation};
}

auto ensure_sensor(sqlite::Connection &connection, std::string_view name) -> Result<model::Sensor> {
  // "cowrie/NAME" is a sensor that only an imported log speaks of: no sensor of ours has a slash in its name.
  auto const slash = name.find('/');
  auto const is_imported = slash != std::string_view::npos;
  if (is_imported) TRY_VOID(check_name("log's name", name.substr(0, slash)));
  TRY_VOID(check_name("sensor's name", is_imported ? name.substr(slash + 1) : name));
  TRY(auto known, find_sensor(connection, name));
  if (known) return *std::move(known);
  auto const source_name = fmt::format("{}/{}", is_imported ? "import" : "sensor", name);
  TRY(auto const source, ensure_source(connection, source_name, model::OrganisationId{1}));
  TRY_VOID(connection.run("INSERT INTO sensors(name, source) VALUES(?, ?)", name, source.id));
  return model::Sensor{.id = model::SensorId{connection.last_row_id()}, .name = std::string{name}, .source = source.id};
}

auto sensor(sqlite::Connection &connection, std::string_view name) -> Result<model::Sensor> {
  TRY(auto found, find_sensor(connection, name));
  if (!found)
    return fail(ErrorCode::not_found, "there is no sensor \"{}\"; noroshi sensors lists those there are", name);
  return *std::move(found);
}

}  // namespace rows

namespace {

// Longer texts of a sensor's own are cut: it may be taken over.
constexpr auto kMaxHealthText = std::size_t{300};

constexpr auto kStream = std::string_view{"intake"};

auto read_cursor(sqlite::Connection &connection) -> Result<std::uint64_t> {
  auto query = connection.query("SELECT position FROM cursors WHERE stream = ?");
  TRY(auto const found, query.bind(kStream).step());
  return found ? query.unsigned_integer(0) : std::uint64_t{0};
}

/// Epoch and sequence are one number in two parts: they only ever move forward together.
auto move_forward(sqlite::Connection &connection, model::SensorProgress const &progress) -> Result<void> {
  TRY_VOID(connection.run("UPDATE sensors SET epoch = ?1, sequence = ?2 WHERE id = ?3 AND (epoch, sequence) < (?1, ?2)",
                          progress.epoch, progress.sequence, progress.sensor));
  TRY_VOID(connection.run(
      "UPDATE sensors SET observations = observations + ?1, last_seen = max(last_seen, ?2) WHERE id = ?3",
      progress.observations, progress.last_seen, progress.sensor));
  if (connection.changes() == 0)
    return fail(ErrorCode::not_found, "{} has no sensor {}, but a batch came from it", connection.title(),
                progress.sensor.number);
  return ok;
}

}  // namespace

auto SqliteCatalogue::ensure_sensor(std::string_view name) -> Result<model::Sensor> {
  // Nearly always it is there, and a read neither waits for the writer nor syncs the disk.
  auto const find = [&](sqlite::Connection &connection) { return rows::find_sensor(connection, name); };
  TRY(auto known, database_->read(find));
  if (known) return *std::move(known);
  return database_->write([&](sqlite::Connection &connection) -> Result<model::Sensor> {
    TRY(auto sensor, rows::ensure_sensor(connection, name));
    TRY_VOID(rows::note(connection, clock_.now(), "node", "sensor.create", sensor.name, ""));
    return sensor;
  });
}

auto SqliteCatalogue::sensors(model::Viewer const &viewer) -> Result<std::vector<model::Sensor>> {
  if (!viewer.may_see_observations()) return rows::denied(viewer, "list sensors", "a reader of this organisation");
  return database_->read([](sqlite::Connection &connection) -> Result<std::vector<model::Sensor>> {
    auto all = std::vector<model::Sensor>{};
    static auto const sql = std::string{rows::kSensorColumns} + "ORDER BY s.id";
    auto query = connection.query(sql);
    for (;;) {
      TRY(auto const more, query.step());
      if (!more) return all;
      all.push_back(rows::read_sensor(query));
    }
  });
}

auto SqliteCatalogue::source(model::SourceId id) -> Result<model::Source> {
  return database_->read([&](sqlite::Connection &connection) -> Result<model::Source> {
    auto query = connection.query("SELECT name, organisation FROM sources WHERE id = ?");
    TRY(auto const found, query.bind(id).step());
    if (!found) return fail(ErrorCode::not_found, "there is no source {}", id.number);
    return model::Source{id, std::string{query.text(0)}, model::OrganisationId{query.integer(1)}};
  });
}

auto SqliteCatalogue::ensure_source(std::string_view name) -> Result<model::Source> {
  auto const find = [&](sqlite::Connection &connection) { return rows::find_source(connection, name); };
  TRY(auto known, database_->read(find));
  if (known) return *std::move(known);
  return database_->write(
      [&](sqlite::Connection &connection) { return rows::ensure_source(connection, name, model::OrganisationId{1}); });
}

auto SqliteCatalogue::apply(std::span<model::SensorProgress const> progress, std::uint64_t position) -> Result<void> {
  return database_->write([&](sqlite::Connection &connection) -> Result<void> {
    TRY(auto const reached, read_cursor(connection));
    if (position <= reached) return ok;
    for (auto const &step : progress) TRY_VOID(move_forward(connection, step));
    return connection.run(
        "INSERT INTO cursors(stream, position) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET position = ?2", kStream,
        position);
  });
}

auto SqliteCatalogue::cursor() -> Result<std::uint64_t> { return database_->read(read_cursor); }

auto SqliteCatalogue::note_health(std::span<model::SensorHealth const> health) -> Result<void> {
  auto const cut = [](std::string const &text) { return std::string_view{text}.substr(0, kMaxHealthText); };
  return database_->write([&](sqlite::Connection &connection) -> Result<void> {
    for (auto const &one : health) {
      TRY_VOID(
          connection.run("UPDATE sensors SET drops = ?, spool_bytes = ?, clock_offset_s = ?, version = ?, space = ?, "
                         "applied_version = "
                         "?, configuration_trouble = ?, last_seen = max(last_seen, ifnull(?, 0)) WHERE id = ?",
                         one.drops, one.spool_bytes, one.clock_offset_s, cut(one.version), cut(one.space),
                         one.applied_version, cut(one.configuration_trouble), one.seen, one.sensor));
      if (connection.changes() == 0) return fail(ErrorCode::not_found, "there is no sensor {}", one.sensor.number);
    }
    return ok;
  });
}

}  // namespace noroshi::know
