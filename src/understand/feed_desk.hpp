// The feed desk: loads that come in parts, each under an id, given up where nothing comes any more.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "understand/feed_load.hpp"

namespace noroshi::understand {

/// Each holds what the store keeps of it so far; people load one or two feeds at a time.
inline constexpr auto kMaxLoads = std::size_t{4};
/// A load of which nothing came for so long is given up; its client is gone.
inline constexpr auto kLoadPatience = std::chrono::minutes{10};

/// A user's load of which nothing came for so long makes way for another of the same source: a slow pipe has shorter
/// pauses, and whoever began again after a crash waits for less.
inline constexpr auto kLoadIdle = std::chrono::seconds{20};

/// A piece of a file. Parts count from 0 and come in order.
struct FeedPart {
  std::uint64_t number = 0;
  std::string_view file;  // its name below the folder or archive
  bool begins_file = false, ends_file = false;
  std::string_view bytes;
};

/// Thread-safe. A load belongs to the user that began it: to others it does not exist.
class FeedDesk {
public:
  explicit FeedDesk(FeedLoad::Ports ports) : ports_(ports) {}

  /// The load's id. unavailable: too many at once. conflict: one of the same source is going on; the
  /// user's own makes way where nothing came of it for kLoadIdle.
  auto begin(FeedOrder order, model::Viewer const &viewer) -> Result<std::string>;
  /// What was taken so far. An error ends the load. conflict where the part is not the next one.
  auto take(std::string_view id, FeedPart const &part, model::Viewer const &viewer) -> Result<FeedOutcome>;
  /// Everything visible at once, and durable; the load is over.
  auto finish(std::string_view id, model::Viewer const &viewer) -> Result<FeedOutcome>;
  /// Nothing of it was ever visible.
  auto abandon(std::string_view id, model::Viewer const &viewer) -> Result<void>;
  /// Gives up loads that nobody goes on with. Called now and then.
  void give_up_old();

private:
  struct Open {
    std::mutex mutex;  // one part at a time
    model::UserId owner;
    model::SourceId source;
    std::unique_ptr<FeedLoad> load;  // none once it is over
    std::uint64_t next_part = 0;
    std::chrono::steady_clock::time_point last_used;
  };
  auto find(std::string_view id, model::Viewer const &viewer) -> Result<std::shared_ptr<Open>>;
  void forget(std::string_view id);
  auto make_way(model::SourceId source, model::Viewer const &viewer) -> Result<void>;

  FeedLoad::Ports ports_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Open>, std::less<>> open_;  // shared with a part that is being taken
};

}  // namespace noroshi::understand
