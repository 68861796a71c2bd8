#include "know/observations/observations_apply.hpp"

#include <future>

#include "know/observations/observations_notes.hpp"
#include "know/observations/observations_profiles.hpp"

namespace noroshi::know::observations {

namespace {

// DuckDB gives its file up when a checkpoint meets a full disk. A group is refused before: its rows may be written
// twice (log and file), and a checkpoint writes what earlier groups left in the log, 16 MB at most.
constexpr auto kSpareBytes = std::uint64_t{24} << 20;
constexpr auto kWrittenTwice = std::uint64_t{2};

auto check_space(Core const &core, std::span<model::ReceivedBatch const> batches) -> Result<void> {
  auto needed = kSpareBytes;
  for (auto const &batch : batches) needed += kWrittenTwice * batch.frames.size();
  TRY(auto free, free_bytes(core.paths.directory));
  if (free >= needed) return ok;
  return fail(
      ErrorCode::unavailable,
      "{}: {} MB are free, but the next group of observations may need {} MB: free some space; nothing is lost, "
      "and the store goes on by itself",
      core.paths.directory, free >> 20, needed >> 20);
}

auto take_notes(Core &core, std::span<model::ReceivedBatch const> batches) -> GroupNotes {
  auto taker = NoteTaker{core.filter_key, core.state};
  for (auto const &batch : batches) taker.take(batch);
  return taker.finish();
}

auto write_group(Core &core, ChunkWriter &chunk, std::span<model::ReceivedBatch const> batches, std::uint64_t position,
                 bool profiles) -> Result<RowsByDay> {
  core.step("write");
  TRY_VOID(core.writer.run("BEGIN TRANSACTION"));
  if (profiles) TRY_VOID(write_profiles(core));
  TRY(auto rows, write_batches(core.writer, batches, *core.keys, chunk));
  TRY_VOID(core.writer.run(fmt::format("UPDATE cursor SET position = {}", position)));
  return rows;
}

auto commit(Core &core, RowsByDay const &rows, GroupNotes const &notes, std::uint64_t position, bool profiles)
    -> Result<std::uint64_t> {
  auto lock = std::unique_lock{core.state_mutex, std::defer_lock};
  if (profiles) lock.lock();  // no reader may see the written histories and the fresh ones
  TRY_VOID(core.writer.run("COMMIT"));
  if (!profiles) lock.lock();
  if (profiles) forget_fresh(core.state);
  absorb(core.state, notes);
  auto written = std::uint64_t{0};
  for (auto const &[day, count] : rows) {
    core.state.open[day].rows += count;
    written += count;
  }
  core.position = position;
  return written;
}

void undo(Core &core) {
  (void)core.writer.run("ROLLBACK");
  auto const lock = std::scoped_lock{core.state_mutex};
  for (auto &[day, open] : core.state.open) open.seen_texts.clear();  // their names may not be in the filters
}

}  // namespace

auto apply_group(Core &core, ChunkWriter &chunk, std::span<model::ReceivedBatch const> batches, std::uint64_t position)
    -> Result<std::uint64_t> {
  auto const apply = std::scoped_lock{core.apply_mutex};
  if (position <= core.position) return std::uint64_t{0};
  TRY_VOID(check_space(core, batches));
  {
    auto const lock = std::scoped_lock{core.state_mutex};
    for (auto const &batch : batches) core.state.open.try_emplace(day_of(batch.received));
  }
  // On the second core, beside the writing; where no thread can be had, when it is waited for.
  auto pending = std::async([&] { return take_notes(core, batches); });
  auto const profiles = profiles_are_due(core);
  auto rows = write_group(core, chunk, batches, position, profiles);
  auto const notes = pending.get();
  auto written = rows ? commit(core, *rows, notes, position, profiles) : Result<std::uint64_t>{std::move(rows).error()};
  if (!written) undo(core);
  return written;
}

}  // namespace noroshi::know::observations
