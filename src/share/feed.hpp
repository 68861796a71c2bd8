// Feeds: lists as they are handed out, made when they are asked for and kept until something changes.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "model/ports/indicator_store.hpp"
#include "share/lists.hpp"

namespace noroshi::share {

struct Feed {
  std::string body;
  std::string content_type;
  std::string etag;  // strong: quotes and a hash of the body
  Time modified{};   // when the body became what it is
  std::size_t entries = 0;
  std::size_t left_out = 0;  // past kMaxEntries, those with the least confidence
};

/// A list past this is cut: AWS GuardDuty and common firewalls take 250,000 entries at most.
inline constexpr auto kMaxEntries = std::size_t{250'000};

/// Thread-safe.
class FeedCache {
public:
  /// The feed for `viewer`. It is made again where the store has changed since, or an entry has expired, but not more
  /// often than once a second, nor for more than a tenth of the time.
  auto get(FeedName const &name, std::string_view publisher, ListRules const &rules, model::IndicatorStore &store,
           model::Viewer const &viewer, Clock const &clock) -> Result<std::shared_ptr<Feed const>>;

private:
  struct Kept {
    std::mutex mutex;                  // one at a time makes it, the others wait for that
    std::shared_ptr<Feed const> feed;  // shared with the answers that carry it
    std::pair<std::uint64_t, std::uint64_t> version;
    Time changes_at{};
    std::chrono::steady_clock::time_point next{};
  };
  auto kept_for(std::string key) -> std::shared_ptr<Kept>;

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Kept>> kept_;  // lists × formats × roles
};

/// Makes it now. `changes_at` becomes when it would be another one without any change in the store.
auto make_feed(FeedName const &name, std::string_view publisher, ListRules const &rules, model::IndicatorStore &store,
               model::Viewer const &viewer, Time now, Time &changes_at) -> Result<Feed>;

}  // namespace noroshi::share
