// The applier: one thread that reads the intake log in groups, lets the detectors look once, logs what they concluded,
// and writes every store, each with its own cursor in its own transaction. On replay a store skips what it has.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/config.hpp"
#include "model/ports/catalogue.hpp"
#include "model/ports/indicator_store.hpp"
#include "model/ports/observation_store.hpp"
#include "understand/conclusions.hpp"
#include "understand/detector.hpp"
#include "understand/distrust.hpp"
#include "understand/intake_log.hpp"
#include "understand/live_tail.hpp"

namespace noroshi::understand {

struct Stores {
  model::ObservationStore &observations;
  model::IndicatorStore &indicators;
  model::Catalogue &catalogue;
};

class Watcher;

class Applier {
public:
  /// Checks the configuration and finds where each store stands; start() begins.
  static auto create(IntakeLog &log, Stores stores, Config const &config, Enrichment enrichment = {})
      -> Result<std::unique_ptr<Applier>>;
  ~Applier();

  /// Shows it every group that is in the stores. Before start(); outlives the applier.
  void watch_by(Watcher &watcher) { watcher_ = &watcher; }

  void start();
  /// Ends after the group at work; start-up goes on from the cursors.
  void stop();

  /// Nothing is applied while the lock is held: every store stands behind the same group.
  [[nodiscard]] auto hold() -> std::unique_lock<std::mutex> { return std::unique_lock{step_mutex_}; }

  /// True between start() and stop(): the thread applies what comes into the log.
  [[nodiscard]] auto started() const -> bool { return thread_.joinable(); }

  /// Applies everything that is in the log now, on the calling thread. Only while not started.
  auto catch_up() -> Result<void>;

  /// The last position that every store has.
  [[nodiscard]] auto applied() const -> std::uint64_t { return applied_.load(); }
  /// Observations applied since create().
  [[nodiscard]] auto rows() const -> std::uint64_t { return rows_.load(); }
  /// True where every batch that the log held a moment ago is in every store.
  [[nodiscard]] auto idle() const -> bool;
  /// What was applied last, for those who follow.
  [[nodiscard]] auto tail() -> LiveTail & { return tail_; }
  /// Why the stores do not take the next group, or empty while they do.
  [[nodiscard]] auto trouble() const -> std::string;

private:
  struct Group {
    std::vector<std::shared_ptr<LogRecord const>> batches;
    std::uint64_t rows = 0;
    std::size_t bytes = 0;      // of frames
    std::uint64_t through = 0;  // the last batch's position
    Conclusions conclusions;
    bool concluded = false;  // they are what the log has, not to be worked out again
  };

  Applier(IntakeLog &log, Stores stores, Config const &config, AddressPolicy addresses, Enrichment enrichment);
  void run();
  auto step(std::chrono::milliseconds gather) -> Result<bool>;
  auto next_group(std::chrono::milliseconds gather) -> Result<Group>;
  static auto take(LogRecord &&record, bool replaying, Group &group) -> bool;
  auto conclude(Group &group) -> Result<void>;
  auto detect(Group const &group) -> Result<Conclusions>;
  auto heed_distrusts() -> Result<void>;
  auto derive_again(model::Distrust const &distrust, Time from, Time to) -> Result<std::vector<model::IndicatorWrite>>;
  auto apply(Group const &group) -> Result<void>;
  struct SensorFacts {
    model::SensorId sensor;
    model::SourceId source;
    model::CollectedBy collected_by = model::CollectedBy::decoy;
  };
  auto facts_of(model::SensorId sensor) -> Result<SensorFacts>;
  void set_trouble(std::string sentence);

  IntakeLog &log_;
  Stores stores_;
  Config const &config_;
  AddressPolicy addresses_;
  Enrichment enrichment_;
  Watcher *watcher_ = nullptr;
  std::vector<std::unique_ptr<Detector>> detectors_;
  Distrusts distrusts_;
  std::uint64_t level_ = 0;           // from here on the stores stand at the same position
  std::vector<SensorFacts> sensors_;  // sorted by sensor
  Group pending_;  // read but not yet applied everywhere: kept when a store fails, so that a retry repeats it exactly
  std::atomic<std::uint64_t> applied_{0};
  std::uint64_t looked_through_ = 0;  // no batch up to this position is left to apply
  std::atomic<std::uint64_t> rows_{0};
  std::atomic<bool> stopping_{false};
  std::mutex step_mutex_;
  LiveTail tail_;
  mutable std::mutex trouble_mutex_;
  std::string trouble_;
  std::thread thread_;
};

}  // namespace noroshi::understand
