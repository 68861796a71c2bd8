// The port of standing questions: what is watched for, what was answered, and how far answers were delivered.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/context.hpp"
#include "model/id.hpp"
#include "model/ports/catalogue.hpp"
#include "model/ports/watch.hpp"
#include "model/value.hpp"
#include "model/viewer.hpp"

namespace noroshi::model {

/// Thread-safe. What people do is audited in the same transaction, and their right is checked here (denied).
class WatchBook {
public:
  virtual ~WatchBook() = default;

  virtual auto add(NewWatch const &watch, Viewer const &viewer) -> Result<AddedWatch> = 0;
  /// Newest first; those that the viewer may see and that have not ended.
  virtual auto watches(Page page, Viewer const &viewer) -> Result<std::vector<Watch>> = 0;
  /// not_found also where the viewer may not see it.
  virtual auto watch(WatchId id, Viewer const &viewer) -> Result<Watch> = 0;
  /// In the order of type and text, behind `after` (an empty text: from the first).
  virtual auto values(WatchId id, Value const &after, std::size_t limit, Viewer const &viewer)
      -> Result<std::vector<Value>> = 0;
  /// By its owner or an administrator; its answers go with it.
  virtual auto remove(WatchId id, Viewer const &viewer) -> Result<void> = 0;
  /// Answers behind `after`, oldest first, of one watch or of all that the viewer may see.
  virtual auto answers(std::int64_t after, std::optional<WatchId> watch, std::size_t limit, Viewer const &viewer)
      -> Result<AnswerPage> = 0;
  /// The id of the last answer that was ever given.
  virtual auto last_answer() -> Result<std::int64_t> = 0;

  // For the watcher.
  /// Grows where watches come or go.
  [[nodiscard]] virtual auto version() const -> std::uint64_t = 0;
  /// Every value of every watch that has not ended at `now`.
  virtual auto each_value(Time now, std::function<void(WatchId, ValueType, std::string_view)> const &take)
      -> Result<void> = 0;
  /// Answers what was found, and moves the cursor of `stream` to `position` in the same transaction; does nothing where
  /// the cursor is there already (an empty stream has none). A value's first finding is an answer; what follows within
  /// its window is counted.
  virtual auto record(std::string_view stream, std::uint64_t position, std::span<Finding const> findings, Time now)
      -> Result<std::vector<WatchAnswer>> = 0;
  /// 0 where nothing of that stream was recorded.
  virtual auto cursor(std::string_view stream) -> Result<std::uint64_t> = 0;
  /// Ends windows, and gives the counts as answers; forgets answers past `keep` and beyond kMaxAnswersOfWatch, and
  /// watches that ended `keep` ago.
  virtual auto sweep(Time now, Duration keep) -> Result<std::vector<WatchAnswer>> = 0;

  /// Its id. Durable when it returns, so that it may be planned before what it is about is stored: then a crash loses
  /// nothing. Of a hunt for a watch only the watch and the sources are kept. Does nothing, and gives 0, where the
  /// cursor of `stream` (see record(); empty: none) is at `position`, or the watch is gone.
  virtual auto plan_hunt(std::string_view stream, std::uint64_t position, Hunt const &hunt, Time now)
      -> Result<std::int64_t> = 0;
  /// The oldest hunt that is due and not among `held`; its values. Stays due until finish_hunt().
  virtual auto next_hunt(std::set<std::int64_t> const &held) -> Result<std::optional<Hunt>> = 0;
  /// Answers what was found and forgets the hunt.
  virtual auto finish_hunt(std::int64_t hunt, std::span<Finding const> findings, Time now)
      -> Result<std::vector<WatchAnswer>> = 0;

  virtual auto due_webhooks(Time now) -> Result<std::vector<DueWebhook>> = 0;
  virtual auto note_delivered(WatchId watch, std::int64_t through) -> Result<void> = 0;
  virtual auto note_refused(WatchId watch, std::string_view trouble, Time next_try) -> Result<void> = 0;
};

}  // namespace noroshi::model
