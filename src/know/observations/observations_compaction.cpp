#include <optional>

#include "know/observations/observations_profiles.hpp"
#include "know/observations/observations_runs.hpp"

namespace noroshi::know::observations {

namespace {

auto count_rows(duck::Connection &connection, std::int64_t run) -> Result<std::uint64_t> {
  return connection.count(fmt::format("SELECT count(*)::UBIGINT FROM {}", run_table(run)));
}

/// Worth it where half as many parts as merged rows (the first run, after a compaction) have come since: each row is
/// then rewritten a bounded number of times.
auto worth_compacting(duck::Connection &connection, std::vector<std::int64_t> const &runs, std::uint64_t least)
    -> Result<bool> {
  auto later = std::uint64_t{0};
  for (auto i = std::size_t{1}; i < runs.size(); ++i) {
    TRY(auto rows, count_rows(connection, runs[i]));
    later += rows;
  }
  TRY(auto first, count_rows(connection, runs.front()));
  if (runs.size() == 1) return first >= least;
  return later >= std::max(least, first / 2);
}

/// New parts go to a fresh run from now on; returns the number that the merged run will have, between old and fresh.
auto start_fresh_run(Core &core) -> Result<std::int64_t> {
  auto const apply = std::scoped_lock{core.apply_mutex};
  auto const merged = core.state.runs.back() + 1;
  TRY_VOID(in_transaction(core.writer, [&]() -> Result<void> {
    TRY_VOID(core.writer.run(run_table_sql(merged + 1)));
    return core.writer.run(fmt::format("INSERT INTO profile_runs VALUES ({})", merged + 1));
  }));
  auto const lock = std::scoped_lock{core.state_mutex};
  core.state.runs.push_back(merged + 1);
  return merged;
}

/// Streams the parts of each source, puts them together and appends the whole to `writer`.
auto merge_parts(duck::Rows &rows, RunWriter &writer) -> Result<void> {
  auto address = std::optional<model::IpAddress>{};
  auto whole = History<std::string>{};
  auto parts = std::uint64_t{0};
  while (rows.next()) {
    auto const next = model::IpAddress{rows.number<std::uint64_t>(0), rows.number<std::uint64_t>(1)};
    if (address && *address != next) {
      TRY_VOID(writer.add(*address, whole.encode()));
      whole = {};
      parts = 0;
    }
    address = next;
    auto const part = History<std::string>::decode(rows.text(2), parts++);
    if (!part) return fail(ErrorCode::internal, "observations: a stored profile of {} is damaged", next.to_string());
    whole.absorb(*part);
  }
  if (!rows.error().empty()) return duck::duck_error("merging profiles", std::string{rows.error()}.c_str());
  if (address) TRY_VOID(writer.add(*address, whole.encode()));
  return writer.close();
}

auto write_merged(Core &core, duck::Connection &connection, std::vector<std::int64_t> const &old, std::int64_t merged)
    -> Result<void> {
  TRY(auto reader, core.connect());
  TRY(auto rows,
      reader.query(runs_in_order(old, "true", "src_high, src_low, run, position"), {}, duck::Fetch::streamed));
  TRY_VOID(connection.run(run_table_sql(merged)));
  TRY(auto writer, RunWriter::open(connection, merged));
  TRY_VOID(merge_parts(rows, writer));
  for (auto const run : old)
    TRY_VOID(
        connection.run(fmt::format("DROP TABLE {}; DELETE FROM profile_runs WHERE number = {}", run_table(run), run)));
  return connection.run(fmt::format("INSERT INTO profile_runs VALUES ({})", merged));
}

}  // namespace

auto compact_profiles(Core &core) -> Result<void> {
  auto old = std::vector<std::int64_t>{};
  {
    auto const lock = std::scoped_lock{core.state_mutex};
    old = core.state.runs;
  }
  TRY(auto connection, core.connect());
  TRY(auto worth, worth_compacting(connection, old, core.options.compact_rows));
  if (!worth) return ok;
  TRY(auto merged, start_fresh_run(core));
  TRY_VOID(connection.run("BEGIN TRANSACTION"));
  auto outcome = write_merged(core, connection, old, merged);
  auto const lock = std::scoped_lock{core.state_mutex};
  if (outcome) outcome = connection.run("COMMIT");
  if (!outcome) {
    (void)connection.run("ROLLBACK");
    return outcome;
  }
  auto &runs = core.state.runs;
  runs.erase(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(old.size()));
  runs.insert(runs.begin(), merged);
  return ok;
}

auto open_runs(Core &core) -> Result<void> {
  TRY(auto rows, core.writer.query("SELECT number FROM profile_runs ORDER BY number"));
  while (rows.next()) core.state.runs.push_back(rows.number<std::int64_t>(0));
  if (!core.state.runs.empty()) return ok;
  core.state.runs.push_back(1);
  return in_transaction(core.writer, [&]() -> Result<void> {
    TRY_VOID(core.writer.run(run_table_sql(1)));
    return core.writer.run("INSERT INTO profile_runs VALUES (1)");
  });
}

}  // namespace noroshi::know::observations
