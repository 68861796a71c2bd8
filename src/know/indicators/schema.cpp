#include "know/indicators/schema.hpp"

#include <array>

namespace noroshi::know {

namespace {

/// "NRSI"
constexpr auto kApplication = std::int64_t{0x4e525349};

// Enumerations are stored by the numbers of model/, which are never reused; times are microseconds since 1970 in UTC.
// A context belongs to the generation that its source had when it was last written. `lengths` are the prefix lengths in
// use, so that an address is looked for only in those; `totals` spares counting millions of rows for a status page.
constexpr auto kMigrations = std::array{
    sqlite::Migration{1, R"sql(
CREATE TABLE indicators(
  id INTEGER PRIMARY KEY,
  type INTEGER NOT NULL,
  text TEXT NOT NULL,
  UNIQUE(type, text)
) STRICT;
CREATE TABLE contexts(
  indicator INTEGER NOT NULL,
  source INTEGER NOT NULL,
  report INTEGER NOT NULL,
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
  generation INTEGER NOT NULL,
  PRIMARY KEY(indicator, source, report, attribute, role, direction, evidence)
) STRICT, WITHOUT ROWID;
CREATE INDEX contexts_by_report ON contexts(source, report) WHERE report <> 0;
CREATE TABLE generations(
  source INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL
) STRICT;
CREATE TABLE lengths(
  family INTEGER NOT NULL,
  length INTEGER NOT NULL,
  PRIMARY KEY(family, length)
) STRICT, WITHOUT ROWID;
CREATE TABLE cursors(
  stream TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE totals(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  indicators INTEGER NOT NULL,
  contexts INTEGER NOT NULL
) STRICT;
INSERT INTO totals VALUES(1, 0, 0);
)sql"},
};

}  // namespace

auto indicator_schema() -> sqlite::Schema { return {kApplication, kMigrations}; }

}  // namespace noroshi::know
