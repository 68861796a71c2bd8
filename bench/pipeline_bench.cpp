// observations/s durable end to end: batches acknowledged by the intake log, looked at by every detector, and written
// to all three stores by the applier, beside a bare DuckDB appender that only writes the same rows, in the same run.
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "bench/bare_appender.hpp"
#include "bench/traffic.hpp"
#include "know/catalogue.hpp"
#include "know/indicator_store.hpp"
#include "know/observation_store.hpp"
#include "understand/applier.hpp"

using namespace noroshi;
using namespace noroshi::bench;

namespace {

constexpr auto kSensors = 20;

auto seconds_of(auto const &work) -> double {
  auto const start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A node's stores in a folder of their own, with its intake log and applier.
struct Pipeline {
  std::unique_ptr<model::Catalogue> catalogue;
  std::unique_ptr<model::IndicatorStore> indicators;
  std::unique_ptr<model::ObservationStore> observations;
  std::unique_ptr<understand::IntakeLog> log;
  Config config;
  std::unique_ptr<understand::Applier> applier;

  explicit Pipeline(std::string const &folder) {
    std::filesystem::create_directories(folder);
    catalogue = must(know::open_catalogue({.path = folder + "/catalogue.sqlite"}));
    for (auto i = 1; i <= kSensors; ++i) must(catalogue->ensure_sensor(fmt::format("sensor{}", i)));
    indicators = must(know::open_indicator_store(folder + "/indicators"));
    observations = must(know::open_observation_store({.directory = folder + "/observations"}));
    log = must(understand::IntakeLog::open({.folder = folder + "/intake"}, {}));
    applier = must(understand::Applier::create(*log, {*observations, *indicators, *catalogue}, config));
  }

  /// Hands in every group `rounds` times over, as an uplink does, and waits until all stores have everything.
  void take(std::vector<Group> const &groups, std::size_t count) {
    applier->start();
    auto sequence = std::uint64_t{0};
    auto rows = std::uint64_t{0};
    for (auto i = std::size_t{0}; i < count; ++i) {
      for (auto const &batch : groups[i % groups.size()].batches)
        if (!must(log->append({batch.sensor, 1, ++sequence, std::string{batch.frames}}, batch.received)))
          give_up(fail(ErrorCode::internal, "a batch was taken for a repeated one"));
      rows += kGroupRows;
    }
    while (applier->rows() < rows) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    applier->stop();
  }
};

auto run(std::size_t count, std::uint32_t sources, std::string const &folder) -> bool {
  auto traffic = Traffic{sources, sources};
  auto groups = std::vector<Group>{};
  for (auto i = std::size_t{0}; i < std::min(kDifferentGroups, count); ++i) groups.push_back(make_group(traffic));
  auto const rows = count * kGroupRows;

  auto theirs = Contents{};
  auto peer = 0.0;
  {
    auto bare = BareAppender{folder + "/peer.duckdb"};
    peer = seconds_of([&] {
      for (auto i = std::size_t{0}; i < count; ++i) bare.write(groups[i % groups.size()]);
    });
    theirs = contents(bare.connection(), "peer");
  }
  auto ours = 0.0;
  auto stored = std::uint64_t{0};
  auto counted = std::uint64_t{0};
  auto indicators = std::uint64_t{0};
  {
    auto pipeline = Pipeline{folder + "/node"};
    ours = seconds_of([&] { pipeline.take(groups, count); });
    stored = must(pipeline.observations->stats(model::node_viewer())).rows;
    indicators = must(pipeline.indicators->stats()).indicators;
    for (auto const &sensor : must(pipeline.catalogue->sensors(model::node_viewer()))) counted += sensor.observations;
  }
  auto const equal = stored == rows && counted == rows && theirs.rows == rows;
  fmt::print("{} observations of {} sources in batches of {}\n", rows, sources, kBatchRows);
  fmt::print("  rows sent, in DuckDB, counted by the catalogue, in the peer: {}, {}, {}, {}: {}; {} indicators\n", rows,
             stored, counted, theirs.rows, equal ? "equal" : "NOT EQUAL", indicators);
  fmt::print("  acknowledged, derived, in all stores {:>9.0f} observations/s\n", static_cast<double>(rows) / ours);
  fmt::print("  bare DuckDB appender                 {:>9.0f} rows/s\n", static_cast<double>(rows) / peer);
  fmt::print("  ratio {:.2f} (budget: 250,000 observations/s)\n", peer / ours);
  return equal;
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto const small = argc > 1 && std::strcmp(argv[1], "--small") == 0;
  auto equal = true;
  for (auto const sources : {1'000U, 100'000U}) {
    auto folder = (std::filesystem::temp_directory_path() / "noroshi-bench-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) give_up(system_error(errno, "cannot make a temporary folder"));
    equal = run(small ? 2 : 40, sources, folder) && equal;
    auto ignored = std::error_code{};
    std::filesystem::remove_all(folder, ignored);
  }
  return equal ? 0 : 1;
}
