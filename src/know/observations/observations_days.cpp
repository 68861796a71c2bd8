#include "know/observations/observations_days.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include <unistd.h>

#include "base/log.hpp"
#include "know/observations/observations_filters.hpp"
#include "know/observations/observations_schema.hpp"

namespace noroshi::know::observations {

namespace {

auto day_from(std::int32_t number) -> Day { return Day{std::chrono::days{number}}; }

/// Everything in `folder` that is not in `wanted` goes: what a crash left.
auto remove_others(std::string const &folder, std::set<std::string> const &wanted) -> Result<void> {
  auto problem = std::error_code{};
  auto strays = std::vector<std::filesystem::path>{};
  for (auto const &entry : std::filesystem::directory_iterator{folder, problem})
    if (!wanted.contains(entry.path().string())) strays.push_back(entry.path());
  for (auto const &stray : strays) std::filesystem::remove_all(stray, problem);
  if (problem) return file_error(problem.value(), "cleaning", folder);
  return strays.empty() ? Result<void>{ok} : sync_folder(folder);
}

auto column_names(duck::Connection &connection, std::string const &from) -> Result<std::vector<std::string>> {
  auto names = std::vector<std::string>{};
  TRY(auto rows, connection.query(fmt::format("DESCRIBE SELECT * FROM {}", from)));
  while (rows.next()) names.emplace_back(rows.text(0));
  return names;
}

auto open_part(Core &core, Day day, std::string const &file, std::uint64_t rows, std::uint64_t bytes)
    -> Result<std::shared_ptr<ClosedPart>> {
  auto part = std::make_shared<ClosedPart>();
  part->day = day;
  part->path = fmt::format("{}/{}", core.paths.days, file);
  part->rows = rows;
  part->bytes = bytes;
  auto problem = std::error_code{};
  if (std::filesystem::file_size(part->path, problem) != bytes || problem)
    return fail(ErrorCode::unavailable,
                "{} is missing or not {} bytes long, but the store lists it: restore it from a backup", part->path,
                bytes);
  auto const path = Paths::filter_of(part->path);
  auto filter = FilterFile::open(path);
  if (!filter) {
    log_warning("{}: building the filter again", filter.error().sentence);
    TRY_VOID(
        write_filter(core.writer, fmt::format("read_parquet({})", duck::quoted(part->path)), core.filter_key, path));
    filter = FilterFile::open(path);
    if (!filter) return std::move(filter).error();
  }
  part->filter = *std::move(filter);
  TRY(part->from, from_parquet(core.writer, part->path));
  return part;
}

auto open_closed_days(Core &core) -> Result<void> {
  struct Listed {
    Day day;
    std::string file;
    std::uint64_t rows, bytes;
  };
  auto listed = std::vector<Listed>{};
  TRY(auto rows, core.writer.query("SELECT day, file, rows, bytes FROM days ORDER BY day, file"));
  while (rows.next())
    listed.push_back({day_from(rows.number<std::int32_t>(0)), std::string{rows.text(1)}, rows.number<std::uint64_t>(2),
                      rows.number<std::uint64_t>(3)});
  auto wanted = std::set<std::string>{};
  for (auto const &each : listed) {
    wanted.insert(fmt::format("{}/{}", core.paths.days, each.file));
    wanted.insert(Paths::filter_of(fmt::format("{}/{}", core.paths.days, each.file)));
  }
  TRY_VOID(remove_others(core.paths.days, wanted));
  for (auto const &each : listed) {
    TRY(auto part, open_part(core, each.day, each.file, each.rows, each.bytes));
    core.state.closed.push_back(std::move(part));
  }
  return ok;
}

/// An earlier version's table gets the columns of today, NULL in its rows.
auto add_missing_columns(duck::Connection &connection, std::string const &table) -> Result<void> {
  TRY(auto const present, column_names(connection, table));
  for (auto const &column : missing_columns(present))
    TRY_VOID(connection.run(
        fmt::format("ALTER TABLE {} ADD COLUMN IF NOT EXISTS \"{}\" {}", table, column.name, column.sql_type)));
  return ok;
}

auto open_tables(Core &core) -> Result<void> {
  TRY(auto tables,
      core.writer.query(
          "SELECT table_name FROM duckdb_tables() WHERE database_name = 'store' AND starts_with(table_name, 'obs_')"));
  while (tables.next()) {
    auto name = std::string{tables.text(0)};
    if (name.size() != 12) continue;
    auto const day = parse_day(fmt::format("{}-{}-{}", name.substr(4, 4), name.substr(8, 2), name.substr(10, 2)));
    if (!day) continue;
    TRY_VOID(add_missing_columns(core.writer, name));
    auto &open = core.state.open[*day];
    TRY(open.rows, core.writer.count(fmt::format("SELECT count(*)::UBIGINT FROM {}", name)));
  }
  return ok;
}

}  // namespace

auto from_parquet(duck::Connection &connection, std::string const &path) -> Result<std::string> {
  auto const file = fmt::format("read_parquet({})", duck::quoted(path));
  TRY(auto const present, column_names(connection, file));
  auto missing = std::string{};
  for (auto const &column : missing_columns(present))
    missing += fmt::format(", NULL::{} AS \"{}\"", column.sql_type, column.name);
  return missing.empty() ? file : fmt::format("(SELECT *{} FROM {})", missing, file);
}

auto open_days(Core &core) -> Result<void> {
  TRY_VOID(remove_others(core.paths.temporary, {}));
  TRY_VOID(open_closed_days(core));
  return open_tables(core);
}

auto read_holds(duck::Connection &connection) -> Result<std::vector<Hold>> {
  auto holds = std::vector<Hold>{};
  TRY(auto rows, connection.query("SELECT from_day, to_day FROM holds"));
  while (rows.next()) holds.push_back({day_from(rows.number<std::int32_t>(0)), day_from(rows.number<std::int32_t>(1))});
  return holds;
}

auto drop_days(Core &core, Day oldest) -> Result<std::vector<Day>> {
  auto const maintenance = std::scoped_lock{core.maintenance_mutex};
  TRY(auto connection, core.connect());
  TRY(auto holds, read_holds(connection));
  auto const goes = [&](std::shared_ptr<ClosedPart> const &part) {
    return part->day < oldest && std::ranges::none_of(holds, [&](Hold const &hold) { return hold.keeps(part->day); });
  };
  auto gone = std::set<Day>{};
  {
    auto const lock = std::scoped_lock{core.state_mutex};
    for (auto const &part : core.state.closed)
      if (goes(part)) gone.insert(part->day);
  }
  if (gone.empty()) return std::vector<Day>{};
  auto numbers = std::string{};
  for (auto const day : gone)
    numbers += fmt::format("{}{}", numbers.empty() ? "" : ", ", day.time_since_epoch().count());
  core.step("drop");
  TRY_VOID(connection.run("BEGIN TRANSACTION"));
  TRY_VOID(connection.run(fmt::format("DELETE FROM days WHERE day IN ({})", numbers)));
  auto parts = std::vector<std::shared_ptr<ClosedPart>>{};
  {
    auto const lock = std::scoped_lock{core.state_mutex};
    TRY_VOID(connection.run("COMMIT"));
    auto &closed = core.state.closed;
    std::ranges::copy_if(closed, std::back_inserter(parts), goes);
    std::erase_if(closed, goes);
  }
  core.step("unlink");
  for (auto const &part : parts) part->doomed = true;  // the last reader's reference removes the files
  return std::vector<Day>(gone.begin(), gone.end());
}

auto hold(Core &core, std::string_view name, Day from, Day to) -> Result<void> {
  if (to < from)
    return fail(ErrorCode::malformed, "a hold from {} to {} holds no day: the first day comes first", to_string(from),
                to_string(to));
  auto const maintenance = std::scoped_lock{core.maintenance_mutex};
  TRY(auto connection, core.connect());
  return in_transaction(connection, [&]() -> Result<void> {
    TRY_VOID(connection.query("DELETE FROM holds WHERE name = ?", {std::string{name}}));
    TRY_VOID(connection.query(fmt::format("INSERT INTO holds VALUES (?, {}, {})", from.time_since_epoch().count(),
                                          to.time_since_epoch().count()),
                              {std::string{name}}));
    return ok;
  });
}

auto release(Core &core, std::string_view name) -> Result<void> {
  auto const maintenance = std::scoped_lock{core.maintenance_mutex};
  TRY(auto connection, core.connect());
  TRY(auto rows, connection.query("DELETE FROM holds WHERE name = ? RETURNING name", {std::string{name}}));
  if (!rows.next()) return fail(ErrorCode::not_found, "no hold is named '{}'", name);
  return ok;
}

}  // namespace noroshi::know::observations
