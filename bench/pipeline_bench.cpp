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
#include "know/past_observations.hpp"
#include "understand/applier.hpp"
#include "understand/watcher.hpp"

using namespace noroshi;
using namespace noroshi::bench;

namespace {

constexpr auto kSensors = 20;
constexpr auto kWatched = 1'000'000U;

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
  std::unique_ptr<model::WatchBook> watches;
  std::unique_ptr<understand::Watcher> watcher;
  std::unique_ptr<understand::Applier> applier;

  Pipeline(std::string const &folder, std::uint32_t watched) {
    std::filesystem::create_directories(folder);
    auto opened = must(know::open_catalogue_and_watches({.path = folder + "/catalogue.sqlite"}));
    catalogue = std::move(opened.catalogue);
    watches = std::move(opened.watches);
    for (auto i = 1; i <= kSensors; ++i) must(catalogue->ensure_sensor(fmt::format("sensor{}", i)));
    indicators = must(know::open_indicator_store(folder + "/indicators"));
    auto seen = must(know::open_observations_and_past({.directory = folder + "/observations"}));
    observations = std::move(seen.store);
    log = must(understand::IntakeLog::open({.folder = folder + "/intake"}, {}));
    applier = must(understand::Applier::create(*log, {*observations, *indicators, *catalogue}, config));
    watch(watched);
    watcher =
        must(understand::Watcher::create({*watches, *catalogue, *indicators, *seen.past}, config, system_clock()));
    applier->watch_by(*watcher);
  }

  /// Values that no visitor has: half addresses and blocks of several lengths, half names and URLs.
  void watch(std::uint32_t count) {
    if (count == 0) return;
    auto values = std::vector<model::Value>{};
    for (auto i = std::uint32_t{0}; i < count; ++i) {
      auto const address = model::IpAddress::v4(0xe000'0000U + i);
      if (i % 4 == 0) values.push_back({model::ValueType::ip, address.to_string()});
      if (i % 4 == 1)
        values.push_back({model::ValueType::cidr,
                          model::IpPrefix::of(model::IpAddress::v4(0xe000'0000U + (i << 4)), 26 + i % 6).to_string()});
      if (i % 4 == 2) values.push_back({model::ValueType::domain, fmt::format("host{}.example.org", i)});
      if (i % 4 == 3) values.push_back({model::ValueType::url, fmt::format("http://host{}.example.org/x.sh", i)});
    }
    auto watch = model::NewWatch{};
    watch.values = values;
    watch.past = false;
    (void)must(watches->add(watch, must(catalogue->local_administrator())));
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

auto run(std::size_t count, std::uint32_t sources, std::uint32_t watched, std::string const &folder) -> bool {
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
    auto pipeline = Pipeline{folder + "/node", watched};
    ours = seconds_of([&] { pipeline.take(groups, count); });
    stored = must(pipeline.observations->stats(model::node_viewer())).rows;
    indicators = must(pipeline.indicators->stats()).indicators;
    for (auto const &sensor : must(pipeline.catalogue->sensors(model::node_viewer()))) counted += sensor.observations;
  }
  auto const equal = stored == rows && counted == rows && theirs.rows == rows;
  fmt::print("{} observations of {} sources in batches of {}, {} values watched for\n", rows, sources, kBatchRows,
             watched);
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
  for (auto const &[sources, watched] :
       {std::pair{1'000U, 0U}, {100'000U, 0U}, {1'000U, kWatched}, {100'000U, kWatched}}) {
    auto folder = (std::filesystem::temp_directory_path() / "noroshi-bench-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) give_up(system_error(errno, "cannot make a temporary folder"));
    equal = run(small ? 2 : 40, sources, small ? watched / 100 : watched, folder) && equal;
    auto ignored = std::error_code{};
    std::filesystem::remove_all(folder, ignored);
  }
  return equal ? 0 : 1;
}
