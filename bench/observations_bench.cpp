// observations/s through ObservationStore::apply (decoded, profiled, filtered, sealed, durable with its cursor) beside
// a bare DuckDB appender that writes the same columns of ready-made rows, in turns of one group each.
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <random>

#include <fmt/core.h>

#include "bench/bare_appender.hpp"
#include "bench/traffic.hpp"
#include "know/observation_store.hpp"
#include "know/observations/observations_schema.hpp"
#include "model/batch.hpp"

using namespace noroshi;
using namespace noroshi::bench;

namespace {

struct Timing {
  double seconds = 0, cpu = 0;
  std::vector<double> groups;
};
auto cpu_seconds() -> double {
  auto usage = rusage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}
template <class Work>
void timed(Timing &timing, Work work) {
  auto const cpu = cpu_seconds();
  auto const start = std::chrono::steady_clock::now();
  work();
  timing.groups.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  timing.seconds += timing.groups.back();
  timing.cpu += cpu_seconds() - cpu;
}
void print(std::string_view name, Timing timing, std::uint64_t rows) {
  std::ranges::sort(timing.groups);
  auto const at = [&](double part) {
    return timing.groups[static_cast<std::size_t>(part * static_cast<double>(timing.groups.size() - 1))] * 1e3;
  };
  fmt::print("  {:<22} {:>9.0f} rows/s   {:.2f} us CPU/row   group p50 {:.0f} ms, p95 {:.0f} ms, max {:.0f} ms\n", name,
             static_cast<double>(rows) / timing.seconds, timing.cpu / static_cast<double>(rows) * 1e6, at(0.5),
             at(0.95), at(1));
}

auto run(std::uint64_t rows, std::uint32_t sources, std::string const &folder, unsigned threads) -> bool {
  auto traffic = Traffic{sources, sources};
  auto groups = std::vector<Group>{};
  auto const count = std::max<std::size_t>(1, static_cast<std::size_t>(rows / kGroupRows));
  for (auto i = std::size_t{0}; i < std::min(kDifferentGroups, count); ++i) groups.push_back(make_group(traffic));
  auto options = know::ObservationStoreOptions{};
  options.directory = folder + "/ours";
  options.threads = threads;
  auto ours = Timing{};
  auto peer = Timing{};
  auto theirs = Contents{};
  {
    auto const store = must(know::open_observation_store(options));
    auto bare = BareAppender{folder + "/peer.duckdb"};
    for (auto i = std::size_t{0}; i < count; ++i) {
      auto const &group = groups[i % groups.size()];
      timed(ours, [&] { must(store->apply(group.batches, i + 1)); });
      timed(peer, [&] { bare.write(group); });
    }
    theirs = contents(bare.connection(), "peer");
  }
  auto database = duckdb_database{};
  if (duckdb_open((options.directory + "/observations.duckdb").c_str(), &database) != DuckDBSuccess)
    give_up(fail(ErrorCode::internal, "the store does not open again"));
  auto mine = Contents{};
  {
    auto connection = must(duck::Connection::open(database));
    mine = contents(connection, "obs_20261121");
  }
  duckdb_close(&database);
  fmt::print("{} observations of {} sources, groups of {}\n", count * kGroupRows, sources, kGroupRows);
  fmt::print("  same rows and checksum: {} ({} rows, {:016x})\n", mine == theirs ? "yes" : "NO", mine.rows,
             mine.checksum);
  print("ObservationStore", ours, count * kGroupRows);
  print("bare DuckDB appender", peer, count * kGroupRows);
  fmt::print("  ratio {:.2f}, by median group {:.2f}\n", peer.seconds / ours.seconds, [&] {
    auto const median = [](std::vector<double> &times) {
      std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
      return times[times.size() / 2];
    };
    return median(peer.groups) / median(ours.groups);
  }());
  return mine == theirs;
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto rows = std::uint64_t{2'000'000};
  auto threads = 1U;
  for (auto i = 1; i < argc; ++i) {
    auto const word = std::string_view{argv[i]};
    if (word == "--small") rows = 2 * kGroupRows;
    if (word == "--rows" && i + 1 < argc) rows = std::strtoull(argv[++i], nullptr, 10);
    if (word == "--threads" && i + 1 < argc) threads = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
  }
  auto pattern = (std::filesystem::temp_directory_path() / "noroshi-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return 3;
  auto same = true;
  for (auto const sources : {1'000U, 100'000U}) {
    auto const folder = fmt::format("{}/{}", pattern, sources);
    std::filesystem::create_directories(folder);
    same = run(rows, sources, folder, threads) && same;
    std::filesystem::remove_all(folder);
  }
  std::filesystem::remove_all(pattern);
  return same ? 0 : 1;
}
