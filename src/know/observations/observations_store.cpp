// The store as the port has it: checks the viewer, hands questions on, and opens the database again after DuckDB has
// given it up.
#include <filesystem>

#include "base/log.hpp"
#include "know/observations/observations_apply.hpp"
#include "know/observations/observations_copy.hpp"
#include "know/observations/observations_core.hpp"
#include "know/observations/observations_days.hpp"
#include "know/observations/observations_hunt.hpp"
#include "know/observations/observations_profiles.hpp"
#include "know/observations/observations_questions.hpp"
#include "know/observations/observations_received.hpp"
#include "know/past_observations.hpp"

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

auto start(ObservationStoreOptions const &options) -> Result<std::shared_ptr<Core>> {
  TRY(auto core, open_core(options));
  TRY(core->position, core->writer.count("SELECT position FROM cursor"));
  TRY_VOID(open_runs(*core));
  TRY_VOID(open_days(*core));
  TRY_VOID(replay_open_days(*core));
  return std::shared_ptr<Core>{std::move(core)};
}

auto read_stats(Core &core) -> Result<model::ObservationStats> {
  auto stats = model::ObservationStats{};
  TRY(auto listed, list_days(core));
  for (auto const &day : listed) {
    stats.rows += day.rows;
    stats.bytes += day.bytes;
  }
  stats.bytes += size_of(core.paths.database) + size_of(core.paths.database + ".wal");
  TRY(stats.sources, count_sources(core));
  return stats;
}

class DuckStore final : public model::ObservationStore, public model::PastObservations {
public:
  DuckStore(ObservationStoreOptions options, std::shared_ptr<Core> core)
      : options_(std::move(options)), core_(std::move(core)) {}

  auto apply(std::span<model::ReceivedBatch const> batches, std::uint64_t position) -> Result<std::uint64_t> override {
    return with_core([&](Core &core) { return apply_group(core, chunk_, batches, position); });
  }
  auto read_received(model::SensorId sensor, Time from, Time to,
                     std::function<void(model::Observation const &, Time)> const &take) -> Result<void> override {
    return with_core([&](Core &core) { return observations::read_received(core, sensor, from, to, take); });
  }
  auto cursor() -> Result<std::uint64_t> override {
    return with_core([](Core &core) -> Result<std::uint64_t> {
      auto const lock = std::scoped_lock{core.apply_mutex};
      return core.position;
    });
  }

  auto profile(model::IpAddress address, model::Viewer const &viewer)
      -> Result<std::optional<model::Profile>> override {
    TRY_VOID(check(viewer));
    return with_core([&](Core &core) { return find_profile(core, address); });
  }
  auto visits_of(model::IpAddress address, std::size_t limit, model::Viewer const &viewer)
      -> Result<std::vector<model::VisitSummary>> override {
    TRY_VOID(check(viewer));
    return with_core([&](Core &core) { return observations::visits_of(core, address, limit); });
  }
  auto visit(model::VisitId visit, model::Viewer const &viewer)
      -> Result<std::vector<model::StoredObservation>> override {
    TRY_VOID(check(viewer));
    return with_core([&](Core &core) { return find_visit(core, visit, viewer); });
  }
  auto mentions(model::Value const &value, std::size_t limit, model::Viewer const &viewer)
      -> Result<std::vector<model::StoredObservation>> override {
    TRY_VOID(check(viewer));
    return with_core([&](Core &core) { return find_mentions(core, value, limit, viewer); });
  }
  auto sightings(std::span<model::Value const> values, std::function<bool()> const &go_on, model::Viewer const &viewer)
      -> Result<model::Sightings> override {
    TRY_VOID(check(viewer));
    return with_core([&](Core &core) { return find_sightings(core, values, go_on); });
  }
  auto top_values(model::Kind kind, model::Field field, Time since, std::size_t limit, model::Viewer const &viewer)
      -> Result<std::vector<model::TopValue>> override {
    TRY_VOID(check(viewer));
    return with_core([&](Core &core) { return observations::top_values(core, kind, field, since, limit, viewer); });
  }
  auto top_origins(model::Kind kind, model::Origin origin, Time since, std::size_t limit, model::Viewer const &viewer)
      -> Result<std::vector<model::TopValue>> override {
    TRY_VOID(check(viewer));
    return with_core([&](Core &core) { return observations::top_origins(core, kind, origin, since, limit); });
  }
  auto page(model::ObservationQuery const &query, std::string_view cursor, std::size_t limit,
            model::Viewer const &viewer) -> Result<model::ObservationPage> override {
    TRY_VOID(check(viewer));
    return with_core([&](Core &core) { return next_page(core, query, cursor, limit, viewer); });
  }
  auto days(model::Viewer const &viewer) -> Result<std::vector<model::DayInfo>> override {
    TRY_VOID(check(viewer));
    return with_core(list_days);
  }
  auto stats(model::Viewer const &viewer) -> Result<model::ObservationStats> override {
    TRY_VOID(check(viewer));
    return with_core(read_stats);
  }

  auto close_days(Day today) -> Result<std::uint64_t> override {
    return with_core([&](Core &core) { return observations::close_days(core, today); });
  }
  auto drop_days(Day oldest) -> Result<std::vector<Day>> override {
    return with_core([&](Core &core) { return observations::drop_days(core, oldest); });
  }
  auto hold(std::string_view name, Day from, Day to) -> Result<void> override {
    return with_core([&](Core &core) { return observations::hold(core, name, from, to); });
  }
  auto release(std::string_view name) -> Result<void> override {
    return with_core([&](Core &core) { return observations::release(core, name); });
  }

  auto copy_to(std::string const &folder) -> Result<void> override {
    return with_core([&](Core &core) { return copy_store(core, folder); });
  }

private:
  template <class Work>
  auto with_core(Work work) -> std::invoke_result_t<Work, Core &> {
    TRY(auto core, usable_core());
    auto answer = work(*core);
    if (!answer && duck::gave_up(answer.error())) core->given_up = true;
    return answer;
  }
  auto usable_core() -> Result<std::shared_ptr<Core>>;

  ObservationStoreOptions options_;
  ChunkWriter chunk_;
  std::mutex mutex_;
  std::shared_ptr<Core> core_;  // shared by the calls that run; none where opening again has failed so far
};

/// After a full disk DuckDB refuses its file until it is opened again. Its log has all that was acknowledged.
auto DuckStore::usable_core() -> Result<std::shared_ptr<Core>> {
  auto const lock = std::scoped_lock{mutex_};
  if (core_ != nullptr && !core_->given_up) return core_;
  if (core_ != nullptr && core_.use_count() > 1)
    return fail(ErrorCode::unavailable, "observations: the database is about to be opened again; ask again");
  log_warning("observations: opening the database again");
  core_.reset();  // gives the lock file and DuckDB's own lock back
  TRY(core_, start(options_));
  return core_;
}

}  // namespace
}  // namespace observations

auto open_observations_and_past(ObservationStoreOptions options) -> Result<ObservationsAndPast> {
  TRY(auto core, observations::start(options));
  auto store = std::make_unique<observations::DuckStore>(std::move(options), std::move(core));
  auto *const past = store.get();
  return ObservationsAndPast{std::move(store), past};
}

auto open_observation_store(ObservationStoreOptions options) -> Result<std::unique_ptr<model::ObservationStore>> {
  TRY(auto core, observations::start(options));
  return std::make_unique<observations::DuckStore>(std::move(options), std::move(core));
}

}  // namespace noroshi::know
