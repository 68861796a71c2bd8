#include "apps/noroshi/run_node.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>

#include "apps/noroshi/decoys_child.hpp"
#include "apps/noroshi/ending_signals.hpp"
#include "apps/noroshi/ports.hpp"
#include "apps/noroshi/running_state.hpp"
#include "apps/noroshi/sense_settings.hpp"
#include "base/log.hpp"
#include "model/frame_times.hpp"
#include "net/http.hpp"
#include "net/uplink.hpp"
#include "understand/where/list_store.hpp"

namespace noroshi::apps {

namespace {

constexpr auto kMaintenanceInterval = std::chrono::seconds{60};
// The rate that `noroshi status` shows is an average over so long.
constexpr auto kRateInterval = std::chrono::seconds{1};
// How long the last batches may take on their way into the stores at the end; what is left goes on at the next start.
constexpr auto kLastBatches = std::chrono::seconds{5};

/// Ten thousand sensors are ten thousand connections.
void allow_many_files() {
  auto limit = rlimit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

class RunningNode {
public:
  RunningNode(std::unique_ptr<Node> node, Config const &config) : node_(std::move(node)), config_(config) {}

  auto start(std::vector<std::string> child_arguments) -> Result<void> {
    auto const spool = node_->directory().spool();
    TRY(decoys_, DecoysChild::start({spool, std::move(child_arguments), config_.get(kSenseUser)}));
    TRY(auto const home, node_->catalogue().ensure_sensor("home"));
    home_ = home.id;
    TRY(uplink_, net::Uplink::create({.folder = spool, .sensor = home.id, .send = [this](model::Batch const &batch) {
                                        return take_in_own(batch);
                                      }}));
    node_->set_running_state(
        [this] { return to_json(state()); },
        [this] { return read_spool_status(node_->directory().spool()).value_or(SpoolStatus{}).metrics; });
    TRY_VOID(start_ports());
    node_->applier().start();
    node_->watcher().start();
    lists_ = std::make_unique<understand::ListRefresher>(node_->where(), node_->directory().lists(), config_);
    lists_->start();
    uplink_->start();
    return ok;
  }

  /// Waits for an ending signal, doing what is due meanwhile.
  void serve_until(sigset_t const &signals) {
    auto due = started_;  // at once: a node that was down over midnight closes its day
    while (true) {
      auto const wait = timespec{kRateInterval.count(), 0};
      if (::sigtimedwait(&signals, nullptr, &wait) > 0) return;
      measure_rate();
      note_home();
      if (auto const kept = node_->keep_health(); !kept) log_error("health of sensors: {}", kept.error().sentence);
      if (std::chrono::steady_clock::now() < due) continue;
      due = std::chrono::steady_clock::now() + kMaintenanceInterval;
      if (auto const done = node_->maintain(); !done) log_error("maintenance: {}", done.error().sentence);
    }
  }

  void stop() {
    decoys_->stop();  // seals what it holds
    uplink_->stop();
    lists_->stop();
    node_->watcher().stop();
    peer_.reset();
    api_.reset();
    note_home();
    (void)node_->keep_health();
    node_->applier().stop();
    auto const until = std::chrono::steady_clock::now() + kLastBatches;
    auto handed_over = uplink_->drain();
    while (handed_over && *handed_over > 0 && std::chrono::steady_clock::now() < until) handed_over = uplink_->drain();
    if (!handed_over) log_warning("the last batches stay in the spool: {}", handed_over.error().sentence);
    if (auto const applied = node_->applier().catch_up(); !applied)
      log_warning("the last batches stay in the intake log: {}", applied.error().sentence);
  }

  [[nodiscard]] auto decoys() const -> DecoysChild const & { return *decoys_; }
  [[nodiscard]] auto api() const -> std::vector<model::Endpoint> { return api_->bound(); }

  auto state() -> RunningState {
    auto state = RunningState{};
    state.spool = node_->directory().spool();
    state.decoys = read_spool_status(state.spool);
    state.decoys_running = decoys_->pid() > 0;
    state.decoys_restarts = decoys_->restarts();
    for (auto const &endpoint : api_->bound())
      state.api.push_back(fmt::format("{}://{}", api_scheme(config_), endpoint.to_string()));
    if (peer_)
      for (auto const &endpoint : peer_->bound()) state.peer.push_back(endpoint.to_string());
    state.intake_trouble = node_->applier().trouble();
    state.uplink_trouble = uplink_->trouble();
    state.intake_bytes = node_->log().bytes();
    state.observations_per_second = rate_.load();
    state.uptime = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - started_);
    return state;
  }

private:
  template <class Router>
  static auto answering(Router &router) -> Answering {
    return {[&router](net::HttpRequest &request) { return router.handle(request); },
            [&router](net::HttpRequest const &header) { return router.refusal_of_body(header); }};
  }

  auto start_ports() -> Result<void> {
    TRY(api_, open_api_port(config_, node_->directory().api_socket(), answering(node_->router())));
    TRY(peer_, open_peer_port(config_, node_->peer_identity(), answering(node_->peer_router())));
    node_->set_peer_addresses(peer_ ? peer_addresses(config_, peer_.get()) : std::vector<std::string>{});
    return ok;
  }

  /// The decoys are what visitors attack: their times are bounded as a remote sensor's are.
  auto take_in_own(model::Batch batch) -> Result<bool> {
    auto const now = system_clock().now();
    batch.frames = model::with_none_after(std::move(batch.frames), now);
    return node_->log().append(batch, now);
  }

  /// The node's own sensor is listed like those elsewhere.
  void note_home() {
    auto const status = read_spool_status(node_->directory().spool());
    if (!status) return;
    auto health = model::SensorHealth{.sensor = home_, .drops = status->drops, .spool_bytes = status->spool_bytes};
    health.version = status->version;
    health.space = config_.get(kSenseSpace);
    node_->note_health(std::move(health));
  }

  void measure_rate() {
    auto const now = std::chrono::steady_clock::now();
    auto const rows = node_->applier().rows();
    auto const seconds = std::chrono::duration<double>(now - measured_).count();
    if (seconds < 0.5) return;
    rate_ = static_cast<double>(rows - measured_rows_) / seconds;
    measured_ = now;
    measured_rows_ = rows;
  }

  std::unique_ptr<Node> node_;
  Config const &config_;
  model::SensorId home_;
  std::unique_ptr<DecoysChild> decoys_;
  std::unique_ptr<net::Uplink> uplink_;
  std::unique_ptr<understand::ListRefresher> lists_;
  std::unique_ptr<net::HttpServer> api_;
  std::unique_ptr<net::HttpServer> peer_;  // none where peer.listen is empty
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point measured_ = started_;
  std::uint64_t measured_rows_ = 0;
  std::atomic<double> rate_{0};
};

/// A path as a person in this folder would type it.
auto as_typed(std::string path) -> std::string {
  auto const here = std::filesystem::current_path().string() + "/";
  if (path.starts_with(here)) path.erase(0, here.size());
  return path.contains(' ') ? "'" + path + "'" : path;
}

/// What a person who just started the node wants to know.
void greet(RunningNode &running, DataDirectory const &directory) {
  auto const state = running.state();
  fmt::print("Noroshi is up. Data: {}\n\n", directory.path);
  auto telnet = std::string{};
  auto http = std::string{};
  if (state.decoys) {
    for (auto const &listener : state.decoys->listeners) {
      auto const name =
          listener.persona.empty() ? listener.decoy : fmt::format("{} ({})", listener.decoy, listener.persona);
      fmt::print("  decoy  {:<20} {}:{}\n", name, listener.address, listener.port);
      if (listener.decoy == "telnet" && telnet.empty())
        telnet = fmt::format("telnet {} {}", listener.address, listener.port);
      if (listener.decoy == "http" && http.empty())
        http = fmt::format("curl -s http://{}:{}/", listener.address, listener.port);
    }
  }
  for (auto const &address : state.api) fmt::print("  api    {:<20} {}\n", "HTTP", address);
  for (auto const &address : state.peer) fmt::print("  peer   {:<20} {}\n", "sensors", address);
  if (state.decoys)
    for (auto const &protection : state.decoys->protections)
      if (!protection.active) fmt::print("  note   decoys run without {}: {}\n", protection.name, protection.reason);
  fmt::print("\nFrom a second terminal, try:\n");
  for (auto const &command : {telnet, http})
    if (!command.empty()) fmt::print("  {}\n", command);
  auto unknown = std::error_code{};
  auto const program = std::filesystem::read_symlink("/proc/self/exe", unknown).string();
  fmt::print("  {} --data {} show ip 127.0.0.1\n\nCtrl-C ends it.\n", as_typed(program), as_typed(directory.path));
  std::fflush(stdout);
}

}  // namespace

auto run_node(DataDirectory directory, Config const &config, std::vector<std::string> child_arguments) -> Result<void> {
  auto const signals = block_ending_signals();
  allow_many_files();
  TRY(auto node, Node::open(directory, config));
  auto running = RunningNode{std::move(node), config};
  TRY_VOID(running.start(std::move(child_arguments)));
  greet(running, directory);
  running.serve_until(signals);
  log_info("ending: sealing the spool, applying what is in the intake log");
  running.stop();
  return ok;
}

}  // namespace noroshi::apps
