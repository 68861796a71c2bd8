// Standing questions: a watch, what answers it, and what is still to be asked for it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/context.hpp"
#include "model/id.hpp"
#include "model/ports/indicator_store.hpp"
#include "model/value.hpp"
#include "model/viewer.hpp"

namespace noroshi::model {

using WatchId = NumberedId<struct WatchTag>;

// Numbers are stored on disk: never reuse one.
/// values: each of a list of values. indicators: every indicator that becomes known, asked against past observations.
enum class WatchAbout : std::uint8_t { values = 1, indicators = 2 };
/// seen: an observation as it came. known: somebody said something about it. past: stored observations have it. more:
/// how often it came again since it was answered; without a value, how many values had no place for an answer.
enum class AnswerKind : std::uint8_t { seen = 1, known = 2, past = 3, more = 4 };
auto to_string(WatchAbout about) -> std::string_view;
auto to_string(AnswerKind kind) -> std::string_view;

struct Watch {
  WatchId id;
  std::optional<UserId> owner;  // nothing: the node's own
  std::string owner_name;
  OrganisationId organisation;
  WatchAbout about = WatchAbout::values;
  std::string note;
  Tlp tlp = Tlp::amber;  // of the question itself: who may see that it is asked
  Time created{};
  std::optional<Time> until;
  std::uint64_t values = 0;
  std::uint64_t answered = 0;  // answers ever given
  std::uint64_t left_out = 0;  // of those, no longer kept
  bool hunting = false;        // past observations are still to be looked through
  std::string webhook;         // URL; empty: none
  std::int64_t delivered = 0;  // answers up to this one went to the webhook
  unsigned failures = 0;       // of the webhook, one after the other
  std::string trouble;         // of its last try; empty where it was good
};

struct NewWatch {
  WatchAbout about = WatchAbout::values;
  std::span<Value const> values;
  std::string note;
  Tlp tlp = Tlp::amber;
  std::optional<Time> until;
  std::string webhook;
  bool past = true;  // also asks what is known already
};

struct AddedWatch {
  Watch watch;
  std::string webhook_secret;  // 32 bytes; shown this once
};

/// Something that answers a watch.
struct Finding {
  WatchId watch;
  AnswerKind kind = AnswerKind::seen;
  Value value;  // that is watched; empty text: several that had no place of their own
  Value found;  // what was seen or said: the value itself, or one inside or below it
  MatchKind match = MatchKind::exact;
  Time first_seen{}, last_seen{};
  std::uint64_t count = 0;
  std::vector<SensorId> sensors;  // at most kMaxFindingSensors; none for known
  SourceId source;                // of known: who said so
  ReportId report;
  Role role = Role::unknown;
  Tlp tlp = Tlp::amber;
};
inline constexpr auto kMaxFindingSensors = std::size_t{16};

struct WatchAnswer {
  std::int64_t id = 0;  // grows by time: a follower goes on behind the last one it has
  Time time{};
  Finding finding;
  // Of the watch, so that who may see an answer can be told from the answer alone.
  std::optional<UserId> owner;
  OrganisationId organisation;
  Tlp watch_tlp = Tlp::amber;
  std::string note;
};

/// Its own, and those of his organisation whose marking he may see.
auto may_see(Viewer const &viewer, Watch const &watch) -> bool;
/// And the answer's marking too.
auto may_see(Viewer const &viewer, WatchAnswer const &answer) -> bool;

struct AnswerPage {
  std::vector<WatchAnswer> answers;
  std::int64_t through = 0;  // looked at up to this one: where the next page begins
  bool more = false;         // there is a next page
};

/// Values that are to be looked for in stored observations and among known indicators.
struct Hunt {
  std::int64_t id = 0;
  std::optional<WatchId> watch;   // nothing: of indicators that were said, for every watch that they concern
  std::vector<Value> values;      // to be looked for in the past
  std::vector<Value> said;        // without a watch: watched values among what `sources` said
  std::vector<SourceId> sources;  // who said it. With a watch: only what these say, and nothing of the past
};

/// A watch whose webhook has something to deliver now.
struct DueWebhook {
  Watch watch;
  std::string secret;
  Viewer owner;  // with the rights that he has now
};

/// A user's watches and values in all are bounded, so that a watch never fills the disk or the matcher's memory.
inline constexpr auto kMaxWatches = std::size_t{1'000};            // of all users
inline constexpr auto kMaxWatchedValues = std::size_t{2'000'000};  // of all watches: about 200 MB in the matcher
inline constexpr auto kMaxValuesOfWatch = std::size_t{1'000'000};  // one request's worth
inline constexpr auto kMaxAnswersOfWatch = std::uint64_t{10'000};  // kept; the oldest go first
inline constexpr auto kMaxWindowsOfWatch = std::uint64_t{1'000};   // values answered one by one at the same time

}  // namespace noroshi::model
