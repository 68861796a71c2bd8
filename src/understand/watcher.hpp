// The watcher: checks what is applied against the watches, hunts in the past, and hands answers to who follows them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/config.hpp"
#include "model/ports/past_observations.hpp"
#include "model/ports/watch_book.hpp"
#include "understand/answer_tail.hpp"
#include "understand/intake_log.hpp"
#include "understand/watch_findings.hpp"
#include "understand/watch_set.hpp"

namespace noroshi::understand {

/// What one hit of a watched value says.
auto known_finding(model::WatchId watch, model::Value value, model::Hit const &hit) -> model::Finding;

struct WatcherStores {
  model::WatchBook &book;
  model::Catalogue &catalogue;
  model::IndicatorStore &indicators;  // without the watcher in front
  model::PastObservations &past;
};

class Webhooks;

/// look_at() belongs to the applier's thread; everything else is thread-safe.
class Watcher {
public:
  /// Reads every watched value.
  static auto create(WatcherStores stores, Config const &config, Clock const &clock)
      -> Result<std::unique_ptr<Watcher>>;
  ~Watcher();
  Watcher(Watcher const &) = delete;
  auto operator=(Watcher const &) -> Watcher & = delete;

  /// Begins to hunt and to end windows on a thread of its own, and to call webhooks on others: neither waits for the
  /// other.
  void start();
  void stop();
  [[nodiscard]] auto started() const -> bool { return thread_.joinable(); }

  /// After a watch was added or removed: from here on what is applied is checked against the watches as they are now.
  /// Where no thread runs, hunts are done before it returns.
  auto refresh() -> Result<void>;

  /// A group that is in the stores already, and what detectors concluded from it. Exactly once in the book, however
  /// often it is called for one position.
  auto look_at(std::span<std::shared_ptr<LogRecord const> const> batches, std::span<model::IndicatorWrite const> writes,
               std::uint64_t position) -> Result<void>;
  /// Indicators that became known by stream `stream` up to `position`. The same promise.
  auto look_at(std::string_view stream, std::span<model::IndicatorWrite const> writes, std::uint64_t position)
      -> Result<void>;
  /// True where a watch about indicators stands, so that new ones are to be hunted for.
  [[nodiscard]] auto wants_hunts() const -> bool { return hunts_wanted_; }
  [[nodiscard]] auto set() const -> std::shared_ptr<WatchSet const>;

  /// For HeldHunts. A hunt that is not run before it is released; see WatchBook::plan_hunt().
  auto plan_held(std::string_view stream, std::uint64_t position, model::Hunt const &hunt) -> Result<std::int64_t>;
  void release_held(std::span<std::int64_t const> hunts);
  void drop_held(std::span<std::int64_t const> hunts);

  [[nodiscard]] auto book() -> model::WatchBook & { return stores_.book; }
  [[nodiscard]] auto tail() -> AnswerTail & { return tail_; }

  /// Every hunt that is due and not held, on the calling thread.
  auto hunt() -> Result<void>;
  /// Ends windows that are over, and forgets what is old.
  auto sweep() -> Result<void>;

private:
  Watcher(WatcherStores stores, Config const &config, Clock const &clock);
  void run();
  void wake();
  auto read_watches() -> Result<void>;
  auto record(std::string_view stream, std::uint64_t position, std::vector<model::Finding> const &findings)
      -> Result<void>;
  auto next_hunt(std::set<std::int64_t> const &failed) -> Result<std::optional<model::Hunt>>;
  auto hunt_one(model::Hunt const &hunt) -> Result<void>;
  auto find_known(model::Hunt const &hunt, Findings &to) -> Result<void>;
  auto find_past(model::Hunt const &hunt, Findings &to) -> Result<void>;
  auto markings_of(std::span<model::Value const> values) -> Result<std::vector<std::optional<model::Tlp>>>;

  WatcherStores stores_;
  Config const &config_;
  Clock const &clock_;
  std::mutex answering_mutex_;  // answers are published in the order of their ids
  AnswerTail tail_;
  mutable std::mutex set_mutex_;
  std::shared_ptr<WatchSet const> set_;        // shared with a look_at() that began before a refresh()
  std::vector<model::WatchId> of_indicators_;  // watches about indicators
  std::atomic<bool> hunts_wanted_{false};
  std::mutex refresh_mutex_;
  std::mutex hunt_mutex_;
  std::mutex held_mutex_;  // no hunt is found in the book before it stands among those held
  std::set<std::int64_t> held_hunts_;
  std::atomic<std::uint64_t> seen_version_{0};         // of the book
  std::unordered_set<std::uint64_t> unwatched_texts_;  // of look_at(): marks of texts that match nothing; bounded
  std::shared_ptr<WatchSet const> unwatched_of_;       // by which set
  std::mutex wait_mutex_;
  std::condition_variable woken_;
  bool has_work_ = true;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
  std::unique_ptr<Webhooks> webhooks_;
};

}  // namespace noroshi::understand
