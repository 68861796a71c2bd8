// The store as the port has it: checks the viewer, applies groups, hands questions on.
#include <filesystem>
#include <future>

#include "base/log.hpp"
#include "know/observations/observations_core.hpp"
#include "know/observations/observations_days.hpp"
#include "know/observations/observations_notes.hpp"
#include "know/observations/observations_profiles.hpp"
#include "know/observations/observations_questions.hpp"
#include "know/observations/observations_writer.hpp"

namespace noroshi::know {

namespace observations {
namespace {

auto check(model::Viewer const &viewer) -> Result<void> {
  if (viewer.may_see_observations()) return ok;
  return fail(ErrorCode::denied, "'{}' may not read observations: they are shown to the node's own organisation only",
              viewer.name);
}

auto size_of(std::string const &path) -> std::uint64_t {
  auto problem = std::error_code{};
  auto const bytes = std::filesystem::file_size(path, problem);
  return problem ? 0 : bytes;
}

class DuckStore final : public model::ObservationStore {
public:
  explicit DuckStore(std::unique_ptr<Core> core) : core_(std::move(core)) {}
  auto start() -> Result<void>;

  auto apply(std::span<model::ReceivedBatch const> batches, std::uint64_t position) -> Result<std::uint64_t> override;
  auto cursor() -> Result<std::uint64_t> override;

  auto profile(model::IpAddress address, model::Viewer const &viewer)
      -> Result<std::optional<model::Profile>> override {
    TRY_VOID(check(viewer));
    return find_profile(*core_, address);
  }
  auto visits_of(model::IpAddress address, std::size_t limit, model::Viewer const &viewer)
      -> Result<std::vector<model::VisitSummary>> override {
    TRY_VOID(check(viewer));
    return observations::visits_of(*core_, address, limit);
  }
  auto visit(model::VisitId visit, model::Viewer const &viewer)
      -> Result<std::vector<model::StoredObservation>> override {
    TRY_VOID(check(viewer));
    return find_visit(*core_, visit, viewer);
  }
  auto mentions(model::Value const &value, std::size_t limit, model::Viewer const &viewer)
      -> Result<std::vector<model::StoredObservation>> override {
    TRY_VOID(check(viewer));
    return find_mentions(*core_, value, limit, viewer);
  }
  auto top_values(model::Kind kind, model::Field field, Time since, std::size_t limit, model::Viewer const &viewer)
      -> Result<std::vector<model::TopValue>> override {
    TRY_VOID(check(viewer));
    return observations::top_values(*core_, kind, field, since, limit, viewer);
  }
  auto days(model::Viewer const &viewer) -> Result<std::vector<model::DayInfo>> override {
    TRY_VOID(check(viewer));
    return list_days(*core_);
  }
  auto stats(model::Viewer const &viewer) -> Result<model::ObservationStats> override;

  auto close_days(Day today) -> Result<std::uint64_t> override { return observations::close_days(*core_, today); }
  auto drop_days(Day oldest) -> Result<std::vector<Day>> override { return observations::drop_days(*core_, oldest); }
  auto hold(std::string_view name, Day from, Day to) -> Result<void> override {
    return observations::hold(*core_, name, from, to);
  }
  auto release(std::string_view name) -> Result<void> override { return observations::release(*core_, name); }

private:
  auto write_group(std::span<model::ReceivedBatch const> batches, std::uint64_t position, bool profiles)
      -> Result<RowsByDay>;
  auto commit(RowsByDay const &rows, GroupNotes const &notes, std::uint64_t position, bool profiles)
      -> Result<std::uint64_t>;
  auto take_notes(std::span<model::ReceivedBatch const> batches) -> GroupNotes;
  void undo();

  std::unique_ptr<Core> core_;
  ChunkWriter chunk_;  // under the apply lock, like the next one
  std::uint64_t position_ = 0;
};

auto DuckStore::start() -> Result<void> {
  TRY(position_, core_->writer.count("SELECT position FROM cursor"));
  TRY_VOID(open_runs(*core_));
  TRY_VOID(open_days(*core_));
  return replay_open_days(*core_);
}

auto DuckStore::cursor() -> Result<std::uint64_t> {
  auto const apply = std::scoped_lock{core_->apply_mutex};
  return position_;
}

auto DuckStore::take_notes(std::span<model::ReceivedBatch const> batches) -> GroupNotes {
  auto taker = NoteTaker{core_->filter_key, core_->state};
  for (auto const &batch : batches) taker.take(batch);
  return taker.finish();
}

auto DuckStore::write_group(std::span<model::ReceivedBatch const> batches, std::uint64_t position, bool profiles)
    -> Result<RowsByDay> {
  TRY_VOID(core_->writer.run("BEGIN TRANSACTION"));
  if (profiles) TRY_VOID(write_profiles(*core_));
  TRY(auto rows, write_batches(core_->writer, batches, *core_->keys, chunk_));
  TRY_VOID(core_->writer.run(fmt::format("UPDATE cursor SET position = {}", position)));
  return rows;
}

auto DuckStore::commit(RowsByDay const &rows, GroupNotes const &notes, std::uint64_t position, bool profiles)
    -> Result<std::uint64_t> {
  auto &state = core_->state;
  auto lock = std::unique_lock{core_->state_mutex, std::defer_lock};
  if (profiles) lock.lock();  // no reader may see the written histories and the fresh ones
  TRY_VOID(core_->writer.run("COMMIT"));
  if (!profiles) lock.lock();
  if (profiles) forget_fresh(state);
  absorb(state, notes);
  auto written = std::uint64_t{0};
  for (auto const &[day, count] : rows) {
    state.open[day].rows += count;
    written += count;
  }
  position_ = position;
  return written;
}

void DuckStore::undo() {
  (void)core_->writer.run("ROLLBACK");
  auto const lock = std::scoped_lock{core_->state_mutex};
  for (auto &[day, open] : core_->state.open) open.seen_texts.clear();  // their names may not be in the filters
}

auto DuckStore::apply(std::span<model::ReceivedBatch const> batches, std::uint64_t position) -> Result<std::uint64_t> {
  auto const apply = std::scoped_lock{core_->apply_mutex};
  if (position <= position_) return std::uint64_t{0};
  {
    auto const lock = std::scoped_lock{core_->state_mutex};
    for (auto const &batch : batches) core_->state.open.try_emplace(day_of(batch.received));
  }
  // Where no thread can be had, this runs when it is waited for.
  auto pending = std::async([&] { return take_notes(batches); });
  auto const profiles = profiles_are_due(*core_);
  auto rows = write_group(batches, position, profiles);
  auto const notes = pending.get();
  auto written = rows ? commit(*rows, notes, position, profiles) : Result<std::uint64_t>{std::move(rows).error()};
  if (!written) undo();
  return written;
}

auto DuckStore::stats(model::Viewer const &viewer) -> Result<model::ObservationStats> {
  TRY_VOID(check(viewer));
  auto stats = model::ObservationStats{};
  TRY(auto listed, list_days(*core_));
  for (auto const &day : listed) {
    stats.rows += day.rows;
    stats.bytes += day.bytes;
  }
  stats.bytes += size_of(core_->paths.database) + size_of(core_->paths.database + ".wal");
  TRY(stats.sources, count_sources(*core_));
  return stats;
}

}  // namespace
}  // namespace observations

auto open_observation_store(ObservationStoreOptions options) -> Result<std::unique_ptr<model::ObservationStore>> {
  TRY(auto core, observations::open_core(std::move(options)));
  auto store = std::make_unique<observations::DuckStore>(std::move(core));
  TRY_VOID(store->start());
  return std::unique_ptr<model::ObservationStore>{std::move(store)};
}

}  // namespace noroshi::know
