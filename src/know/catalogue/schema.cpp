#include "know/catalogue/schema.hpp"

#include <array>

namespace noroshi::know {

namespace {

/// "NRSC"
constexpr auto kApplication = std::int64_t{0x4e525343};

// Enumerations are stored by the numbers of model/, which are never reused; times are microseconds since 1970 in UTC.
constexpr auto kMigrations = std::array{
    sqlite::Migration{1, R"sql(
CREATE TABLE organisations(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE users(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  role INTEGER NOT NULL,
  organisation INTEGER NOT NULL REFERENCES organisations(id),
  disabled INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE api_keys(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user INTEGER NOT NULL REFERENCES users(id),
  label TEXT NOT NULL,
  prefix TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32),
  created INTEGER NOT NULL,
  expiry INTEGER,
  last_used INTEGER
) STRICT;
CREATE INDEX api_keys_by_prefix ON api_keys(prefix);
CREATE TABLE audit(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
)sql"},
    sqlite::Migration{2, R"sql(
CREATE TABLE sources(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  organisation INTEGER NOT NULL REFERENCES organisations(id)
) STRICT;
CREATE TABLE sensors(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  source INTEGER NOT NULL UNIQUE REFERENCES sources(id),
  last_seen INTEGER NOT NULL DEFAULT 0,
  epoch INTEGER NOT NULL DEFAULT 0,
  sequence INTEGER NOT NULL DEFAULT 0,
  observations INTEGER NOT NULL DEFAULT 0,
  drops INTEGER NOT NULL DEFAULT 0,
  spool_bytes INTEGER NOT NULL DEFAULT 0,
  clock_offset_s REAL NOT NULL DEFAULT 0,
  version TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE cursors(
  stream TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql"},
    // A report's indicators stay here for good, so that the indicator store can be built again from them.
    sqlite::Migration{3, R"sql(
CREATE TABLE reports(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source INTEGER NOT NULL REFERENCES sources(id),
  title TEXT NOT NULL,
  created INTEGER NOT NULL,
  marking INTEGER NOT NULL,
  withdrawn INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE report_indicators(
  number INTEGER NOT NULL,
  type INTEGER NOT NULL,
  value TEXT NOT NULL,
  source INTEGER NOT NULL,
  report INTEGER NOT NULL REFERENCES reports(id),
  attribute TEXT NOT NULL,
  role INTEGER NOT NULL,
  direction INTEGER NOT NULL,
  evidence INTEGER NOT NULL,
  collected_by INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  count INTEGER NOT NULL,
  confidence INTEGER NOT NULL,
  tlp INTEGER NOT NULL,
  pap INTEGER NOT NULL,
  to_ids INTEGER NOT NULL,
  tags BLOB NOT NULL,
  expiry INTEGER,
  sequence INTEGER NOT NULL,
  PRIMARY KEY(report, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE changes(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL CHECK(kind IN (1, 2)),
  report INTEGER NOT NULL REFERENCES reports(id),
  number INTEGER NOT NULL
) STRICT;
)sql"},
    // Sensors elsewhere. Settings and versions of sensor 0 are those of all sensors.
    sqlite::Migration{4, R"sql(
ALTER TABLE sensors ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sensors ADD COLUMN key_pin BLOB CHECK(key_pin IS NULL OR length(key_pin) = 32);
ALTER TABLE sensors ADD COLUMN joined INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sensors ADD COLUMN space TEXT NOT NULL DEFAULT '';
ALTER TABLE sensors ADD COLUMN applied_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sensors ADD COLUMN configuration_trouble TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX sensors_by_key ON sensors(key_pin) WHERE key_pin IS NOT NULL;
CREATE TABLE enrolments(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sensor INTEGER NOT NULL REFERENCES sensors(id),
  hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32),
  created INTEGER NOT NULL,
  expiry INTEGER NOT NULL,
  used INTEGER
) STRICT;
CREATE TABLE sensor_settings(
  sensor INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY(sensor, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE sensor_versions(
  sensor INTEGER PRIMARY KEY,
  version INTEGER NOT NULL
) STRICT;
CREATE TABLE distrusts(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  sensor INTEGER NOT NULL REFERENCES sensors(id),
  since INTEGER NOT NULL,
  until INTEGER,
  reason TEXT NOT NULL
) STRICT;
)sql"},
    // Reports that feeds name as their origins: a hundred thousand titles, no indicators beside them. `feed` is the
    // number of the load that named them last.
    sqlite::Migration{5, R"sql(
ALTER TABLE reports ADD COLUMN feed INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX reports_of_feeds ON reports(source, title) WHERE feed <> 0 AND withdrawn = 0;
)sql"},
    // Standing questions. Watch 1 is the node's own: every indicator, asked against what was seen before.
    sqlite::Migration{6, R"sql(
CREATE TABLE watches(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  owner INTEGER REFERENCES users(id),
  organisation INTEGER NOT NULL,
  about INTEGER NOT NULL,
  note TEXT NOT NULL,
  tlp INTEGER NOT NULL,
  created INTEGER NOT NULL,
  until INTEGER,
  value_count INTEGER NOT NULL,
  answered INTEGER NOT NULL DEFAULT 0,
  left_out INTEGER NOT NULL DEFAULT 0,
  webhook TEXT NOT NULL DEFAULT '',
  secret BLOB NOT NULL DEFAULT x'',
  delivered INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  next_try INTEGER NOT NULL DEFAULT 0,
  trouble TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE watch_values(
  watch INTEGER NOT NULL REFERENCES watches(id),
  type INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY(watch, type, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE watch_answers(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  watch INTEGER NOT NULL REFERENCES watches(id),
  time INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  type INTEGER NOT NULL,
  value TEXT NOT NULL,
  found_type INTEGER NOT NULL,
  found TEXT NOT NULL,
  match INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  count INTEGER NOT NULL,
  sensors TEXT NOT NULL,
  source INTEGER NOT NULL,
  report INTEGER NOT NULL,
  role INTEGER NOT NULL,
  tlp INTEGER NOT NULL
) STRICT;
CREATE INDEX watch_answers_by_watch ON watch_answers(watch, id);
CREATE TABLE watch_windows(
  watch INTEGER NOT NULL REFERENCES watches(id),
  kind INTEGER NOT NULL,
  type INTEGER NOT NULL,
  value TEXT NOT NULL,
  source INTEGER NOT NULL,
  ends INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  count INTEGER NOT NULL,
  tlp INTEGER NOT NULL,
  PRIMARY KEY(watch, kind, type, value, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX watch_windows_by_end ON watch_windows(ends);
CREATE TABLE watch_hunts(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  watch INTEGER REFERENCES watches(id),
  created INTEGER NOT NULL,
  sources TEXT NOT NULL
) STRICT;
CREATE TABLE watch_hunt_values(
  hunt INTEGER NOT NULL REFERENCES watch_hunts(id),
  is_said INTEGER NOT NULL,
  type INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY(hunt, is_said, type, value)
) STRICT, WITHOUT ROWID;
INSERT INTO watches(organisation, about, note, tlp, created, value_count)
  VALUES(1, 2, 'every new indicator, asked against past observations', 0, 0, 0);
INSERT INTO cursors SELECT 'watch/catalogue', coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0);
)sql"},
    // Sources that are feeds, and how many values their largest load since they were replaced gave.
    sqlite::Migration{7, R"sql(
CREATE TABLE feeds(source INTEGER PRIMARY KEY REFERENCES sources(id), held INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO feeds(source) SELECT DISTINCT source FROM reports WHERE feed <> 0;
)sql"},
};

}  // namespace

auto catalogue_schema() -> sqlite::Schema { return {kApplication, kMigrations}; }

}  // namespace noroshi::know
