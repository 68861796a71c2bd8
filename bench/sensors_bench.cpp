// Ten thousand sensors on one node: each with its own key and one kept connection over mutual TLS, one batch a second;
// what the built program (`noroshi serve`) acknowledges as durable, how late, with how much memory and processor time.
// Then as fast as it acknowledges. Beside it, in the same run and under the same load, a bare epoll server that does
// TLS and one shared log, synced in groups, and nothing else (bench/bare_tls_log.hpp): what the line and the disk cost
// any program that acknowledges durably. What lies between is who sent it, sound frames, duplicates, detectors and
// three stores. The sensors' side of TLS runs on the same two cores; its processor time is told.
//
// sensors_bench [--small] [--sensors N] [--seconds N] [--observations N] [--set KEY=VALUE]
#include "bench/bare_tls_log.hpp"
#include "bench/enrolled.hpp"
#include "bench/fleet.hpp"
#include "bench/node_process.hpp"

using namespace noroshi;
using namespace noroshi::bench;

namespace {

// Enough that a group commit is never waiting for the fleet, few enough that latency says something.
constexpr auto kFlatOutInFlight = std::size_t{1'000};
// How often a node that catches up is asked.
constexpr auto kAskAgain = std::chrono::milliseconds{100};

struct Plan {
  std::size_t sensors = 10'000;
  std::chrono::seconds paced{20}, flat_out{10};
  std::size_t observations = 4;  // in a batch: a visit of a web scanner leaves three or four
  std::vector<std::string> settings{"sense.listen=any:127.0.0.1:0", "api.listen=127.0.0.1:0",
                                    "peer.listen=127.0.0.1:0"};
};

/// Frames of one batch each, different visits of many sources.
auto make_batches(std::size_t observations) -> std::vector<std::string> {
  auto traffic = Traffic{20261122, 50'000};
  auto rows = std::vector<model::Observation>{};
  traffic.fill(rows);
  auto batches = std::vector<std::string>{};
  for (auto at = std::size_t{0}; at + observations <= rows.size(); at += observations) {
    auto &frames = batches.emplace_back();
    for (auto i = at; i < at + observations; ++i) model::append_frame(frames, rows[i]);
  }
  return batches;
}

auto own_cpu() -> double {
  auto usage = rusage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/// Runs one phase and prints it with what the server and the fleet used of the processors.
template <class Load>
auto measure(std::string_view name, pid_t server, Load load) -> FleetResult {
  auto const before = use_of(server);
  auto const own = own_cpu();
  auto result = FleetResult{load()};
  auto const after = use_of(server);
  auto const count = static_cast<double>(result.acknowledged);
  fmt::print(
      "  {:<26} {:>6.0f} batches/s   p50 {:.1f} ms, p95 {:.1f} ms, max {:.0f} ms   {:.0f} us CPU a batch "
      "(fleet {:.0f})\n",
      name, count / result.seconds, result.latency(0.5) * 1e3, result.latency(0.95) * 1e3, result.latency(1) * 1e3,
      (after.cpu_seconds - before.cpu_seconds) / count * 1e6, (own_cpu() - own) / count * 1e6);
  std::fflush(stdout);
  return result;
}

struct Load {
  Plan plan;
  std::vector<net::Identity> identities;
  std::vector<std::string> batches;

  /// Both phases against one server; batches acknowledged.
  auto run(std::string_view name, std::uint16_t port, pid_t server) const -> FleetResult {
    auto fleet = Fleet{identities, batches};
    auto const seconds = fleet.connect(port);
    fmt::print("{}: {} sensors greeted in {:.1f} s\n", name, identities.size(), seconds);
    auto all = measure(fmt::format("one each a second, {} s", plan.paced.count()), server,
                       [&] { return fleet.paced(plan.paced); });
    auto const more =
        measure("as fast as acknowledged", server, [&] { return fleet.flat_out(plan.flat_out, kFlatOutInFlight); });
    all.acknowledged += more.acknowledged;
    all.repeated += more.repeated;
    return all;
  }
};

auto run_node(Load const &load, std::string const &folder) -> bool {
  auto node = NodeProcess{folder, load.plan.settings};
  auto const catalogue = node.data() + "/catalogue.sqlite";
  enrol(catalogue, load.identities);
  node.start();
  auto const idle = use_of(node.process()).resident_bytes;
  auto const result = load.run("noroshi serve", node.port(), node.process());
  auto const resident = use_of(node.process()).resident_bytes;
  auto const sent = result.acknowledged * load.plan.observations;
  auto const start = std::chrono::steady_clock::now();
  while (stored_by(catalogue) < sent && std::chrono::steady_clock::now() < start + std::chrono::minutes{2})
    std::this_thread::sleep_for(kAskAgain);
  auto const waited = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  node.stop();
  auto const stored = stored_by(catalogue);
  auto const equal = stored == sent && result.repeated == 0;
  fmt::print("  acknowledged {} observations, in all stores {}: {}; the stores were {:.1f} s behind at the end\n", sent,
             stored, equal ? "equal" : "NOT EQUAL", waited);
  fmt::print("  node's memory {} MiB, {} MiB before they came\n", resident >> 20, idle >> 20);
  return equal;
}

void run_peer(Load const &load, std::string const &folder) {
  auto const identity = must(net::make_identity("peer"));
  auto server =
      Server{[&](int port_out, int lifeline) { BareTlsLog{identity, folder + "/log"}.serve(port_out, lifeline); }};
  load.run("bare TLS and one log", server.port(), server.process());
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto limit = rlimit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::signal(SIGPIPE, SIG_IGN);  // a connection that the node ended is told in words
  auto load = Load{};
  for (auto i = 1; i < argc; ++i) {
    auto const word = std::string_view{argv[i]};
    if (word == "--small") {
      load.plan.sensors = 200;
      load.plan.paced = std::chrono::seconds{2};
      load.plan.flat_out = std::chrono::seconds{1};
    }
    if (word == "--set" && i + 1 < argc) load.plan.settings.emplace_back(argv[i + 1]);
  }
  load.plan.sensors = static_cast<std::size_t>(option(argc, argv, "--sensors", static_cast<int>(load.plan.sensors)));
  load.plan.paced = std::chrono::seconds{option(argc, argv, "--seconds", static_cast<int>(load.plan.paced.count()))};
  load.plan.observations =
      static_cast<std::size_t>(option(argc, argv, "--observations", static_cast<int>(load.plan.observations)));
  load.plan.sensors = std::min<std::size_t>(load.plan.sensors, limit.rlim_max - 200);
  load.batches = make_batches(load.plan.observations);
  for (auto i = std::size_t{0}; i < load.plan.sensors; ++i)
    load.identities.push_back(must(net::make_identity(fmt::format("fleet{}", i))));

  auto const folder = temporary_folder();
  fmt::print("{} sensors, batches of {} observations ({} bytes)\n", load.plan.sensors, load.plan.observations,
             load.batches.front().size());
  auto const equal = run_node(load, folder);
  run_peer(load, folder);
  std::filesystem::remove_all(folder);
  return equal ? 0 : 1;
}
