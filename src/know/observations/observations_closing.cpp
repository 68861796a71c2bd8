// Closing a day: rows to Parquet, then one transaction that lists the file and drops the table. A crash at any step
// leaves either the table or the listed file as the truth; start-up removes the other.
#include <algorithm>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "base/log.hpp"
#include "know/observations/observations_days.hpp"
#include "know/observations/observations_filters.hpp"
#include "know/observations/observations_profiles.hpp"
#include "know/observations/observations_schema.hpp"

namespace noroshi::know::observations {

namespace {

auto sync_file(std::string const &path) -> Result<void> {
  TRY(auto file, open_file(path, O_RDONLY));
  if (::fsync(file.get()) != 0) return file_error(errno, "writing", path);
  return ok;
}

/// "2026-11-21.parquet"; rows that come in after their day was closed make "2026-11-21.2.parquet" and so on.
auto free_name(Core &core, Day day) -> std::string {
  auto const lock = std::scoped_lock{core.state_mutex};
  for (auto part = 1;; ++part) {
    auto const path =
        fmt::format("{}/{}{}.parquet", core.paths.days, to_string(day), part == 1 ? "" : fmt::format(".{}", part));
    if (std::ranges::none_of(core.state.closed, [&](auto const &closed) { return closed->path == path; }) &&
        !std::filesystem::exists(path))
      return path;
  }
}

/// Writes and proves the files of a day that holds `rows` rows.
auto write_part(Core &core, Day day, std::uint64_t rows, std::string const &path)
    -> Result<std::shared_ptr<ClosedPart>> {
  TRY(auto connection, core.connect());
  auto const temporary = path + ".tmp";
  core.step("copy");
  TRY_VOID(
      connection.run(fmt::format("COPY (SELECT {} FROM {} ORDER BY src_high, src_low, \"time\", visit, sequence) TO {} "
                                 "(FORMAT parquet, COMPRESSION zstd)",
                                 column_list(), table_of(day), duck::quoted(temporary))));
  core.step("sync");
  TRY_VOID(sync_file(temporary));
  core.step("rename");
  if (::rename(temporary.c_str(), path.c_str()) != 0) return file_error(errno, "renaming", temporary);
  TRY_VOID(sync_folder(core.paths.days));
  core.step("count");
  auto const from = fmt::format("read_parquet({})", duck::quoted(path));
  TRY(auto written, connection.count(fmt::format("SELECT count(*)::UBIGINT FROM {}", from)));
  if (written != rows)
    return fail(ErrorCode::conflict, "{} has {} rows and its table {}: the day stays open", path, written, rows);
  core.step("filter");
  TRY_VOID(write_filter(connection, from, core.filter_key, Paths::filter_of(path)));
  auto part = std::make_shared<ClosedPart>();
  part->day = day;
  part->path = path;
  part->from = from;
  part->rows = rows;
  part->bytes = std::filesystem::file_size(path);
  TRY(part->filter, FilterFile::open(Paths::filter_of(path)));
  return part;
}

/// The one transaction. Under the apply lock, so no row comes in meanwhile.
auto swap_table_for_part(Core &core, std::shared_ptr<ClosedPart> const &part, bool &may_be_listed) -> Result<void> {
  auto const day_number = part->day.time_since_epoch().count();
  core.step("commit");
  TRY_VOID(core.writer.run("BEGIN TRANSACTION"));
  auto outcome = write_profiles(core);  // the rows that memory would be rebuilt from go away
  if (outcome)
    outcome = core.writer.run(fmt::format(
        "INSERT INTO days VALUES ({0}, {1}, {2}, {3}); DELETE FROM profiled WHERE day = {0}; DROP TABLE {4}",
        day_number, duck::quoted(std::filesystem::path{part->path}.filename().string()), part->rows, part->bytes,
        table_of(part->day)));
  auto const lock = std::scoped_lock{core.state_mutex};
  if (outcome) {
    outcome = core.writer.run("COMMIT");
    // A commit that failed may be durable all the same; start-up deletes the files where it is not.
    may_be_listed = !outcome;
  }
  if (!outcome) {
    (void)core.writer.run("ROLLBACK");
    return outcome;
  }
  forget_fresh(core.state);
  core.state.open.erase(part->day);
  core.state.closed.push_back(part);
  return ok;
}

auto close_day(Core &core, Day day) -> Result<void> {
  auto rows = std::uint64_t{0};
  {
    auto const lock = std::scoped_lock{core.state_mutex};
    rows = core.state.open.at(day).rows;
  }
  auto const path = free_name(core, day);
  auto part = write_part(core, day, rows, path);
  auto outcome = part ? Result<void>{ok} : Result<void>{part.error()};
  auto may_be_listed = false;
  if (outcome) {
    auto const apply = std::scoped_lock{core.apply_mutex};
    if (core.state.open.at(day).rows != rows)
      outcome =
          fail(ErrorCode::conflict,
               "rows of {} came in while the day was being closed: it stays open until the next time", to_string(day));
    else
      outcome = swap_table_for_part(core, *part, may_be_listed);
  }
  if (outcome) {
    core.step("done");
    return ok;
  }
  if (!may_be_listed)
    for (auto const &left : {path + ".tmp", path, Paths::filter_of(path)}) ::unlink(left.c_str());
  return outcome;
}

}  // namespace

auto close_days(Core &core, Day today) -> Result<std::uint64_t> {
  auto const maintenance = std::scoped_lock{core.maintenance_mutex};
  TRY_VOID(core.keys->forget_before(today - std::chrono::days{core.options.secret_days}));
  auto due = std::vector<Day>{};
  {
    auto const lock = std::scoped_lock{core.state_mutex};
    for (auto const &[day, open] : core.state.open)
      if (day < today && open.rows != 0) due.push_back(day);
  }
  auto closed = std::uint64_t{0};
  for (auto const day : due) {
    auto const outcome = close_day(core, day);
    if (!outcome && outcome.error().code != ErrorCode::conflict) return outcome.error();
    if (!outcome) log_warning("{}", outcome.error().sentence);
    closed += static_cast<std::uint64_t>(outcome.has_value());
  }
  TRY_VOID(compact_profiles(core));
  return closed;
}

}  // namespace noroshi::know::observations
