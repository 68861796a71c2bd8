#include "know/sqlite_schema.hpp"

namespace noroshi::know::sqlite {

namespace {

auto pragma(Connection &connection, std::string_view sql) -> Result<std::int64_t> {
  auto query = connection.query(sql);
  TRY([[maybe_unused]] auto const row, query.step());
  return query.integer(0);
}

/// The file's schema number, once it is certain that the file is ours and not newer than this program.
auto version_of(Connection &connection, Schema const &schema) -> Result<std::int64_t> {
  TRY(auto const application, pragma(connection, "PRAGMA application_id"));
  TRY(auto const version, pragma(connection, "PRAGMA user_version"));
  TRY(auto const tables, pragma(connection, "SELECT count(*) FROM sqlite_schema"));
  auto const fresh = application == 0 && version == 0 && tables == 0;
  if (!fresh && application != schema.application)
    return fail(ErrorCode::malformed,
                "{} is a database of another program; name another data directory, or move it away",
                connection.title());
  auto const known = schema.migrations.back().number;
  if (version > known)
    return fail(
        ErrorCode::conflict,
        "{} has schema version {}, this program knows up to {}: a newer Noroshi wrote it; install that version, or "
        "put back a backup from before",
        connection.title(), version, known);
  return version;
}

}  // namespace

auto migrate(Connection &connection, Schema const &schema) -> Result<void> {
  for (auto const &migration : schema.migrations) {
    auto const apply = [&](Connection &inside) -> Result<void> {
      // Asked again inside each transaction: another process may have migrated in between.
      TRY(auto const version, version_of(inside, schema));
      if (version >= migration.number) return ok;
      TRY_VOID(inside.execute(migration.script));
      return inside.execute(
          fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", schema.application, migration.number));
    };
    if (auto done = connection.transact("BEGIN IMMEDIATE", apply); !done)
      return at(fmt::format("migration {}", migration.number), std::move(done).error());
  }
  return ok;
}

auto check_schema(Connection &connection, Schema const &schema) -> Result<void> {
  TRY(auto const version, version_of(connection, schema));
  auto const known = schema.migrations.back().number;
  if (version < known)
    return fail(
        ErrorCode::conflict,
        "{} has schema version {}, this program wants {}: open it once for writing (noroshi serve), which brings it "
        "up to date",
        connection.title(), version, known);
  return ok;
}

}  // namespace noroshi::know::sqlite
