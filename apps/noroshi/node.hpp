// An opened data directory: the lock, the stores, the intake log and its applier, and the router over them. What
// `noroshi serve` runs, and what a command uses in-process where no node runs.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/config.hpp"
#include "base/file.hpp"
#include "base/time.hpp"
#include "model/ports/catalogue.hpp"
#include "model/ports/import_ledger.hpp"
#include "model/ports/indicator_store.hpp"
#include "model/ports/observation_store.hpp"
#include "model/ports/watch_book.hpp"
#include "net/identity.hpp"
#include "serve/peer_router.hpp"
#include "serve/router.hpp"
#include "share/lists.hpp"
#include "understand/applier.hpp"
#include "understand/feed_desk.hpp"
#include "understand/import_desk.hpp"
#include "understand/intake_log.hpp"
#include "understand/rules/rule_set.hpp"
#include "understand/watcher.hpp"
#include "understand/where.hpp"

namespace noroshi::apps {

/// Where things lie below --data DIR.
struct DataDirectory {
  std::string path;
  [[nodiscard]] auto catalogue() const { return path + "/catalogue.sqlite"; }
  [[nodiscard]] auto indicators() const { return path + "/indicators"; }
  [[nodiscard]] auto observations() const { return path + "/observations"; }
  [[nodiscard]] auto intake() const { return path + "/intake"; }
  [[nodiscard]] auto imports() const { return path + "/imports.sqlite"; }
  [[nodiscard]] auto spool() const { return path + "/spool"; }
  [[nodiscard]] auto lists() const { return path + "/lists"; }
  [[nodiscard]] auto lock() const { return path + "/noroshi.lock"; }
  [[nodiscard]] auto list_key() const { return path + "/lists.key"; }
  [[nodiscard]] auto api_socket() const { return path + "/api.sock"; }
  [[nodiscard]] auto config_file() const { return path + "/noroshi.toml"; }
  [[nodiscard]] auto peer_identity() const { return path + "/peer.pem"; }
  [[nodiscard]] auto own_personas() const { return path + "/packs/personas"; }
};

/// denied where root would work in a data directory of another user: what root makes there, its node could not open.
auto check_owner(std::string const &folder) -> Result<void>;

class Node {
public:
  /// not_found where `directory` was never initialised; conflict where another process has it open, and still has it
  /// after `patience`.
  static auto lock(DataDirectory const &directory, std::chrono::milliseconds patience) -> Result<LockFile>;
  static auto open(DataDirectory directory, Config const &config, LockFile lock) -> Result<std::unique_ptr<Node>>;
  /// Waits some seconds for the lock: another command may be working on the stores.
  static auto open(DataDirectory directory, Config const &config) -> Result<std::unique_ptr<Node>>;
  ~Node();

  /// What `noroshi status` and the metrics page say beyond this process: set by `serve` before requests come.
  void set_running_state(std::function<std::string()> state, std::function<std::vector<MetricSample>()> metrics) {
    running_state_ = std::move(state);
    other_metrics_ = std::move(metrics);
  }

  /// Where sensors reach this node: set by `serve` once the peer port is open.
  void set_peer_addresses(std::vector<std::string> addresses) { peer_addresses_ = std::move(addresses); }

  [[nodiscard]] auto peer_identity() const -> net::Identity const & { return identity_; }
  [[nodiscard]] auto peer_router() -> serve::PeerRouter & { return *peer_router_; }
  void note_health(model::SensorHealth health) { health_->note(std::move(health)); }
  /// Writes down how sensors are. Called every second or so.
  auto keep_health() -> Result<void> { return health_->flush(); }

  [[nodiscard]] auto router() -> serve::Router & { return *router_; }
  [[nodiscard]] auto catalogue() -> model::Catalogue & { return *catalogue_; }
  [[nodiscard]] auto log() -> understand::IntakeLog & { return *log_; }
  [[nodiscard]] auto applier() -> understand::Applier & { return *applier_; }
  [[nodiscard]] auto watcher() -> understand::Watcher & { return *watcher_; }
  [[nodiscard]] auto where() -> understand::Where & { return *where_; }
  [[nodiscard]] auto directory() const -> DataDirectory const & { return directory_; }

  /// Closes yesterday's tables, drops days past retention, forgets changes that are applied. Called now and then.
  auto maintain() -> Result<void>;

private:
  Node(DataDirectory directory, Config const &config, LockFile lock)
      : directory_(std::move(directory)), config_(config), lock_(std::move(lock)) {}
  auto open_lists() -> Result<void>;
  auto open_stores() -> Result<void>;
  auto open_watches() -> Result<void>;
  auto open_log() -> Result<void>;
  auto apply_changes() -> Result<void>;
  auto backup(std::string const &folder) -> Result<std::string>;
  auto import(understand::ImportPiece const &piece) -> Result<understand::ImportOutcome>;
  auto make_room() -> Result<void>;
  void open_routers();
  auto peer_facts() const -> Result<serve::PeerFacts>;

  DataDirectory directory_;
  Config const &config_;
  LockFile lock_;
  std::unique_ptr<model::Catalogue> catalogue_;
  std::unique_ptr<model::WatchBook> watches_;
  std::unique_ptr<model::IndicatorStore> unwatched_indicators_;
  std::unique_ptr<model::ObservationStore> observations_;
  model::PastObservations *past_ = nullptr;  // part of observations_
  std::unique_ptr<understand::Watcher> watcher_;
  std::unique_ptr<model::IndicatorStore> indicators_;  // with the watcher behind it
  std::unique_ptr<understand::Where> where_;
  std::unique_ptr<understand::NeverList> never_;
  std::unique_ptr<understand::IntakeLog> log_;
  std::unique_ptr<understand::Applier> applier_;
  understand::RuleSet rules_;
  std::unique_ptr<model::ImportLedger> ledger_;
  std::unique_ptr<understand::ImportDesk> desk_;
  std::unique_ptr<understand::FeedDesk> feeds_;
  net::Identity identity_;  // the node's, on the peer port
  std::vector<std::string> peer_addresses_;
  std::unique_ptr<serve::PeerPacks> packs_;
  std::unique_ptr<serve::SensorHealthBook> health_;
  std::unique_ptr<serve::PeerRouter> peer_router_;
  share::ListKey list_key_{};
  std::unique_ptr<serve::Router> router_;
  std::function<std::string()> running_state_ = [] { return std::string{"{}"}; };
  std::function<std::vector<MetricSample>()> other_metrics_ = [] { return std::vector<MetricSample>{}; };
  std::mutex changes_mutex_;
  std::mutex backups_mutex_;
};

}  // namespace noroshi::apps
