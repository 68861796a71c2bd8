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

// Past so many it is the stores that are at fault.
constexpr auto kMaxFailed = std::size_t{10};

Counter const hunts_done{"noroshi_hunts_total", "hunts for values in past observations"};
Counter const values_hunted{"noroshi_hunted_values_total", "values that were hunted for"};

/// Who may see one of the contexts that name an indicator may know that it was met. Those that expired count where
/// there are no others. Nothing where nobody names it.
auto marking_of(std::vector<model::Hit> const &hits, Time now) -> std::optional<model::Tlp> {
  auto current = std::optional<model::Tlp>{};
  auto expired = std::optional<model::Tlp>{};
  for (auto const &hit : hits) {
    if (hit.match != model::MatchKind::exact) continue;
    auto &least = hit.context.expiry && *hit.context.expiry <= now ? expired : current;
    least = std::min(hit.context.tlp, least.value_or(hit.context.tlp));
  }
  return current ? current : expired;
}

auto says(std::vector<model::SourceId> const &sources, model::Hit const &hit) -> bool {
  return std::ranges::find(sources, hit.context.source) != sources.end();
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

auto Watcher::plan_held(std::string_view stream, std::uint64_t position, model::Hunt const &hunt)
    -> Result<std::int64_t> {
  auto const lock = std::lock_guard{held_mutex_};
  TRY(auto const id, stores_.book.plan_hunt(stream, position, hunt, clock_.now()));
  if (id != 0) held_hunts_.insert(id);
  return id;
}

void Watcher::release_held(std::span<std::int64_t const> hunts) {
  {
    auto const lock = std::lock_guard{held_mutex_};
    for (auto const id : hunts) held_hunts_.erase(id);
  }
  wake();
}

void Watcher::drop_held(std::span<std::int64_t const> hunts) {
  auto const lock = std::lock_guard{held_mutex_};
  for (auto const id : hunts) {
    auto const gone = stores_.book.finish_hunt(id, {}, clock_.now());
    if (gone)
      held_hunts_.erase(id);
    else  // it is not run before the next start, which tells nothing of what nobody names
      log_warning("a hunt for what was not stored stays in the book: {}", gone.error().sentence);
  }
}

auto Watcher::next_hunt(std::set<std::int64_t> const &failed) -> Result<std::optional<model::Hunt>> {
  auto const lock = std::lock_guard{held_mutex_};
  auto passed_over = held_hunts_;
  passed_over.insert(failed.begin(), failed.end());
  return stores_.book.next_hunt(passed_over);
}

/// One that fails stays due, and does not keep the others waiting.
auto Watcher::hunt() -> Result<void> {
  auto const one_at_a_time = std::lock_guard{hunt_mutex_};
  auto outcome = Result<void>{ok};
  auto failed = std::set<std::int64_t>{};
  while (!stopping_) {
    TRY(auto const next, next_hunt(failed));
    if (!next) return outcome;
    // What becomes known behind a watch's hunt is checked against it as it comes: it must be in the set before.
    if (next->watch && *next->watch > set()->youngest()) TRY_VOID(read_watches());
    auto const done = hunt_one(*next);
    if (done) continue;
    outcome = done.error();
    if (failed.size() >= kMaxFailed) return outcome;
    failed.insert(next->id);
  }
  return ok;  // what was not done stays due
}

auto Watcher::hunt_one(model::Hunt const &hunt) -> Result<void> {
  auto found = Findings{};
  TRY_VOID(find_known(hunt, found));
  TRY_VOID(find_past(hunt, found));
  hunts_done.add();
  values_hunted.add(hunt.values.size());
  auto const findings = std::move(found).take();
  auto const lock = std::lock_guard{answering_mutex_};
  TRY(auto answers, stores_.book.finish_hunt(hunt.id, findings, clock_.now()));
  tail_.publish(std::move(answers));
  return ok;
}

/// For a watch: everything known of its values. Else: what the hunt's sources say of those that are watched.
auto Watcher::find_known(model::Hunt const &hunt, Findings &to) -> Result<void> {
  auto const now = clock_.now();
  if (hunt.watch)
    return each_answer(stores_.indicators, hunt.values, now,
                       [&](model::Value const &value, std::vector<model::Hit> const &hits) {
                         for (auto const &hit : hits)
                           if (hunt.sources.empty() || says(hunt.sources, hit))
                             to.add(known_finding(*hunt.watch, value, hit));
                       });
  auto const watched = set();
  auto matches = std::vector<WatchSet::Match>{};
  return each_answer(stores_.indicators, hunt.said, now,
                     [&](model::Value const &value, std::vector<model::Hit> const &hits) {
                       matches.clear();
                       watched->match_indicator(value, matches);
                       for (auto const &hit : hits) {
                         if (hit.match != model::MatchKind::exact || !says(hunt.sources, hit)) continue;
                         for (auto const match : matches)
                           watched->each_watch(match.entry, [&](model::WatchId watch) {
                             auto of_watch = hit;
                             of_watch.match = match.match;
                             to.add(known_finding(watch, watched->value(match.entry), of_watch));
                           });
                       }
                     });
}

auto Watcher::markings_of(std::span<model::Value const> values) -> Result<std::vector<std::optional<model::Tlp>>> {
  auto markings = std::vector<std::optional<model::Tlp>>{};
  markings.reserve(values.size());
  auto const now = clock_.now();
  // At the beginning of time nothing has expired.
  TRY_VOID(each_answer(
      stores_.indicators, values, Time{},
      [&](model::Value const &, std::vector<model::Hit> const &hits) { markings.push_back(marking_of(hits, now)); }));
  return markings;
}

auto Watcher::find_past(model::Hunt const &hunt, Findings &to) -> Result<void> {
  auto watches = std::vector<model::WatchId>{};
  {
    auto const lock = std::lock_guard{set_mutex_};
    watches = hunt.watch ? std::vector{*hunt.watch} : of_indicators_;
  }
  auto const is_past_asked = !hunt.watch || hunt.sources.empty();
  if (watches.empty() || hunt.values.empty() || !is_past_asked) return ok;
  TRY(auto const past, stores_.past.sightings(hunt.values, [this] { return !stopping_; }, model::node_viewer()));
  if (past.unread > 0)
    log_warning("a hunt for {} values lacks {} of {} days", hunt.values.size(), past.unread, past.days);
  auto values = std::vector<model::Value>{};
  for (auto const &sighting : past.found) values.push_back(sighting.value);
  // A watch's values are marked by the watch; an indicator's past is told to who may see the indicator, and not at all
  // where nobody names it: its load failed, or it was taken back.
  auto markings = std::vector<std::optional<model::Tlp>>(values.size(), model::Tlp::amber);
  if (!hunt.watch) {
    TRY(markings, markings_of(values));
  }
  for (auto number = std::size_t{0}; number < past.found.size(); ++number) {
    if (!markings[number]) continue;
    auto const &sighting = past.found[number];
    for (auto const watch : watches) {
      auto finding = model::Finding{.watch = watch, .kind = model::AnswerKind::past, .value = sighting.value};
      finding.found = sighting.value;
      finding.first_seen = sighting.first_seen;
      finding.last_seen = sighting.last_seen;
      finding.count = sighting.count;
      finding.sensors = sighting.sensors;
      finding.tlp = *markings[number];
      to.add(std::move(finding));
    }
  }
  return ok;
}

}  // namespace noroshi::understand
