// The project's own indicator store: immutable sorted runs in three tiers, a write-ahead log, and snapshots that
// readers hold while merges go on. docs/decisions/indicator-store.md has the reasons.
//
// memory  small runs, one a commit, merged as they grow; the log has what is in them
// young   files, each from a flush of the memory tier
// base    one file: young ones are merged into it once they are a sixteenth of it
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/time.hpp"
#include "know/engine/batch.hpp"
#include "know/engine/files.hpp"
#include "know/engine/logs.hpp"
#include "know/engine/manifest.hpp"
#include "know/engine/run.hpp"
#include "know/indicator_store.hpp"
#include "model/ports/indicator_store.hpp"

namespace noroshi::know::engine {

struct EngineOptions {
  /// The memory tier becomes a file when it holds so many bytes.
  std::uint64_t memory_bytes = std::uint64_t{64} << 20;
  /// Young files that may stand side by side before they are merged with each other.
  std::size_t young_files = 4;
  /// What a load may hold in memory; beyond, it sorts in scratch room.
  std::uint64_t load_bytes = std::uint64_t{1} << 30;
  /// Loads of at most so many entries go through the log, as a commit does.
  std::uint64_t small_load = 16'384;
  /// false: flushes and merges happen inside apply(), so that a test knows when.
  bool in_background = true;
  /// Goes on without what is damaged in the logs.
  bool repairs = false;
  Clock const *clock = &system_clock();
};

/// What readers see: never changed once published.
struct Snapshot {
  std::vector<std::shared_ptr<Run const>> runs;  // oldest first; files, then memory
  Erasures erasures;
  Lengths lengths;
};

/// The answer to the last summarise(), and what it was an answer to.
struct LastSummary {
  std::weak_ptr<Snapshot const> of;
  std::uint32_t markings = 0;  // the viewer may see, as bits
  Time at{};
  model::IndicatorSummary summary;
};

/// Thread-safe: any number of readers beside one writer; writers wait for each other.
class Engine final : public model::IndicatorStore {
public:
  /// Takes up what the folder holds; an empty one becomes a new store.
  static auto open(std::unique_ptr<Files> files, EngineOptions options) -> Result<std::unique_ptr<Engine>>;
  ~Engine() override;
  /// Opens a store whose logs may be damaged, keeps them aside, and what is sound of them in a file.
  static auto repair(std::unique_ptr<Files> files, EngineOptions options) -> Result<StoreRepair>;

  // engine_look_up.cpp
  auto look_up(std::span<model::Value const> values, model::Viewer const &viewer, Time now)
      -> Result<std::vector<std::vector<model::Hit>>> override;
  // engine_list.cpp
  auto list(model::IndicatorFilter const &filter, std::string_view cursor, std::size_t limit,
            model::Viewer const &viewer, Time now) -> Result<model::IndicatorPage> override;
  // engine_apply.cpp
  auto apply(model::IndicatorCommit const &commit) -> Result<void> override;
  auto cursor(std::string_view stream) -> Result<std::uint64_t> override;
  auto stats() -> Result<model::IndicatorStats> override;
  // engine_summary.cpp
  auto summarise(model::Viewer const &viewer, Time now) -> Result<model::IndicatorSummary> override;
  auto held_types() -> Result<std::vector<model::ValueType>> override;
  // engine_load.cpp
  auto load() -> Result<std::unique_ptr<model::IndicatorLoad>> override;
  // engine_merge.cpp
  auto copy_to(std::string const &path) -> Result<void> override;
  auto compact(Progress const &progress) -> Result<void> override;
  // engine_check.cpp
  auto files() -> Result<std::vector<model::IndicatorFile>> override;
  auto check(std::string const &file) -> Result<void> override;

private:
  auto check_on_disk(std::string const &file) -> Result<void>;
  friend class Load;
  Engine(std::unique_ptr<Files> files, EngineOptions options) : files_(std::move(files)), options_(options) {}
  auto take_up() -> Result<void>;
  auto check_empty() -> Result<void>;
  auto load_key(bool is_new) -> Result<void>;
  auto replay_logs() -> Result<void>;
  auto replay(LogFile const &log, Snapshot &next) -> Result<void>;
  auto set_aside(Logs const &logs) -> Result<void>;
  auto take_in(Batch const &batch) -> Result<void>;
  auto start_log() -> Result<void>;
  auto log(Batch const &batch) -> Result<void>;
  void publish(Snapshot next);
  [[nodiscard]] auto snapshot() const -> std::shared_ptr<Snapshot const>;
  auto merge_small(Snapshot &next) -> Result<void>;
  /// `files`: how many of the snapshot's runs are files.
  auto purge_small(Snapshot &next, std::size_t files) -> Result<void>;
  /// From here on `next` is what the store is. Where it fails the disk may hold either: see disk_unsure_.
  auto save(Manifest next) -> Result<void>;
  /// The last `count` runs, which are in memory, become one.
  auto merge_last(Snapshot &next, std::size_t count) -> Result<void>;
  [[nodiscard]] auto merged_in_memory(std::span<std::shared_ptr<Run const> const> runs, Erasures const &erasures) const
      -> Result<std::shared_ptr<Run const>>;

  void keep_house_soon();
  auto keep_house() -> Result<void>;
  auto flush() -> Result<void>;
  struct Frozen;
  auto freeze() -> Result<std::optional<Frozen>>;
  auto replace_frozen(Frozen &frozen, std::shared_ptr<Run const> const &run) -> Result<void>;
  auto merge_files(std::size_t first, std::size_t count, Progress const &progress) -> Result<void>;
  auto write_run(std::span<std::shared_ptr<Run const> const> runs, Erasures const &erasures, Progress const &progress)
      -> Result<std::shared_ptr<Run const>>;
  auto remove_strangers() -> Result<void>;
  void work();
  [[nodiscard]] auto wants_house_kept() const -> bool;

  std::unique_ptr<Files> files_;
  EngineOptions options_;
  StoreKey key_;

  // Held while something is written. Of the two, first this one.
  std::mutex house_;  // one flush or merge at a time
  std::mutex write_;
  Manifest manifest_;         // as on disk,
  bool disk_unsure_ = false;  // unless a newer one may be there, whose writing failed
  std::unique_ptr<OutFile> log_;
  std::uint64_t log_number_ = 0, log_bytes_ = 0;
  StoreRepair repair_;
  std::uint64_t version_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> cursors_;
  std::atomic<std::size_t> file_runs_ = 0;  // of the snapshot's runs, those that are files

  mutable std::mutex published_mutex_;
  std::shared_ptr<Snapshot const> published_ = std::make_shared<Snapshot>();

  std::mutex summary_mutex_;  // one summary at a time: it takes both cores
  LastSummary last_summary_;

  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool wanted_ = false;
  std::atomic<bool> ending_ = false;
  std::thread keeper_;
};

}  // namespace noroshi::know::engine
