// Of the watcher: hunts. A new watch is asked against what is known and what was seen; a new indicator against what was
// seen.
#include <algorithm>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "understand/watcher.hpp"

namespace noroshi::understand {

namespace {

// Looked up at once: enough to hide a look-up's latency, and the hits of so many are held at the same time.
constexpr auto kLookedUpAtOnce = std::size_t{4096};
// What one hunt may find one by one; the book summarises long before, this bounds memory.
constexpr auto kMaxFindings = std::size_t{100'000};

Counter const hunts{"noroshi_hunts_total", "hunts for values in past observations"};
Counter const hunted{"noroshi_hunted_values_total", "values that were hunted for"};

/// Who may see one of the contexts that name an indicator may know that it was met.
auto marking_of(std::vector<model::Hit> const &hits) -> model::Tlp {
  auto least = model::Tlp::red;
  for (auto const &hit : hits)
    if (hit.match == model::MatchKind::exact) least = std::min(least, hit.context.tlp);
  return hits.empty() ? model::Tlp::amber : least;
}

template <class Take>
auto each_answer(model::IndicatorStore &store, std::span<model::Value const> values, Time now, Take const &take)
    -> Result<void> {
  while (!values.empty()) {
    auto const part = values.first(std::min(values.size(), kLookedUpAtOnce));
    values = values.subspan(part.size());
    TRY(auto const answers, store.look_up(part, model::node_viewer(), now));
    for (auto i = std::size_t{0}; i < part.size(); ++i) take(part[i], answers[i]);
  }
  return ok;
}

}  // namespace

auto Watcher::plan_hunt(std::string_view stream, std::uint64_t position, model::Hunt const &hunt) -> Result<void> {
  return stores_.book.plan_hunt(stream, position, hunt, clock_.now());
}

auto Watcher::hunt() -> Result<void> {
  auto const one_at_a_time = std::lock_guard{hunt_mutex_};
  while (!stopping_) {
    TRY(auto const next, stores_.book.next_hunt());
    if (!next) return ok;
    if (auto const done = hunt_one(*next); !done) {
      if (stopping_) return ok;  // it stays due
      return done;
    }
  }
  return ok;
}

auto Watcher::hunt_one(model::Hunt const &hunt) -> Result<void> {
  auto findings = std::vector<model::Finding>{};
  TRY_VOID(find_known(hunt, findings));
  TRY_VOID(find_past(hunt, findings));
  hunts.add();
  hunted.add(hunt.values.size());
  auto const lock = std::lock_guard{answering_mutex_};
  TRY(auto answers, stores_.book.finish_hunt(hunt.id, findings, clock_.now()));
  tail_.publish(std::move(answers));
  return ok;
}

/// For a watch: everything known of its values. Else: what the hunt's sources say of those that are watched.
auto Watcher::find_known(model::Hunt const &hunt, std::vector<model::Finding> &to) -> Result<void> {
  auto const now = clock_.now();
  if (hunt.watch)
    return each_answer(stores_.indicators, hunt.values, now,
                       [&](model::Value const &value, std::vector<model::Hit> const &hits) {
                         for (auto const &hit : hits)
                           if (to.size() < kMaxFindings) to.push_back(known_finding(*hunt.watch, value, hit));
                       });
  auto const watched = set();
  auto matches = std::vector<WatchSet::Match>{};
  return each_answer(stores_.indicators, hunt.said, now,
                     [&](model::Value const &value, std::vector<model::Hit> const &hits) {
                       matches.clear();
                       watched->match_indicator(value, matches);
                       for (auto const &hit : hits) {
                         if (hit.match != model::MatchKind::exact) continue;
                         if (std::ranges::find(hunt.sources, hit.context.source) == hunt.sources.end()) continue;
                         for (auto const match : matches)
                           watched->each_watch(match.entry, [&](model::WatchId watch) {
                             auto of_watch = hit;
                             of_watch.match = match.match;
                             if (to.size() < kMaxFindings)
                               to.push_back(known_finding(watch, watched->value(match.entry), of_watch));
                           });
                       }
                     });
}

auto Watcher::find_past(model::Hunt const &hunt, std::vector<model::Finding> &to) -> Result<void> {
  auto watches = std::vector<model::WatchId>{};
  {
    auto const lock = std::lock_guard{set_mutex_};
    watches = hunt.watch ? std::vector{*hunt.watch} : of_indicators_;
  }
  if (watches.empty() || hunt.values.empty()) return ok;
  TRY(auto const past, stores_.past.sightings(hunt.values, [this] { return !stopping_; }, model::node_viewer()));
  if (past.unread > 0)
    log_warning("a hunt for {} values lacks {} of {} days", hunt.values.size(), past.unread, past.days);
  auto values = std::vector<model::Value>{};
  for (auto const &sighting : past.found) values.push_back(sighting.value);
  // A watch's values are marked by the watch; an indicator's past is told to who may see the indicator.
  auto markings = std::vector<model::Tlp>(values.size(), model::Tlp::amber);
  if (!hunt.watch) {
    auto number = std::size_t{0};
    TRY_VOID(each_answer(
        stores_.indicators, values, clock_.now(),
        [&](model::Value const &, std::vector<model::Hit> const &hits) { markings[number++] = marking_of(hits); }));
  }
  for (auto number = std::size_t{0}; number < past.found.size(); ++number) {
    auto const &sighting = past.found[number];
    for (auto const watch : watches) {
      if (to.size() >= kMaxFindings) return ok;
      auto finding = model::Finding{.watch = watch, .kind = model::AnswerKind::past, .value = sighting.value};
      finding.found = sighting.value;
      finding.first_seen = sighting.first_seen;
      finding.last_seen = sighting.last_seen;
      finding.count = sighting.count;
      finding.sensors = sighting.sensors;
      finding.tlp = markings[number];
      to.push_back(std::move(finding));
    }
  }
  return ok;
}

}  // namespace noroshi::understand
