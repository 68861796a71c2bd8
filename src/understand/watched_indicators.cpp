#include "understand/watched_indicators.hpp"

#include <algorithm>
#include <set>

#include "base/log.hpp"
#include "understand/held_hunts.hpp"

namespace noroshi::understand {

namespace {

constexpr auto kCatalogue = std::string_view{"catalogue"};
// The stream under which the book keeps its own cursor for the catalogue's changes.
constexpr auto kBookStream = std::string_view{"watch/catalogue"};
// New values of one load that are hunted for in the past: three times the largest feed of names. Until that is done
// they take 50 bytes each in the catalogue's file.
constexpr auto kMaxHunted = std::uint64_t{5'000'000};
// Watched values of one load that are told one by one: as many as may be watched.
constexpr auto kMaxSaid = std::uint64_t{model::kMaxWatchedValues};
// Written down together: 25 MB of memory, here and when they are hunted for.
constexpr auto kOneHunt = std::size_t{250'000};
constexpr auto kLookedUpAtOnce = std::size_t{4096};

/// Those of `values` that nobody has said anything about so far.
auto unknown(model::IndicatorStore &store, std::span<model::Value const> values, Time now,
             std::vector<model::Value> &to) -> Result<void> {
  while (!values.empty()) {
    auto const part = values.first(std::min(values.size(), kLookedUpAtOnce));
    values = values.subspan(part.size());
    TRY(auto const answers, store.look_up(part, model::node_viewer(), now));
    for (auto i = std::size_t{0}; i < part.size(); ++i) {
      auto const known =
          std::ranges::any_of(answers[i], [](model::Hit const &hit) { return hit.match == model::MatchKind::exact; });
      if (!known) to.push_back(part[i]);
    }
  }
  return ok;
}

class WatchedLoad final : public model::IndicatorLoad {
public:
  WatchedLoad(std::unique_ptr<model::IndicatorLoad> load, model::IndicatorStore &store, Watcher &watcher,
              Clock const &clock)
      : load_(std::move(load)),
        store_(store),
        watcher_(watcher),
        clock_(clock),
        watched_(watcher.set()),
        hunts_(watcher.wants_hunts()),
        held_(watcher) {}

  auto context(model::Context const &context) -> std::uint32_t override {
    sources_.insert(context.source);
    return load_->context(context);
  }

  auto add(model::ValueType type, std::string_view canonical, std::uint32_t context, model::Seen const &seen)
      -> Result<void> override {
    TRY_VOID(load_->add(type, canonical, context, seen));
    if (!watched_->empty()) {
      matches_.clear();
      auto value = model::Value{type, std::string{canonical}};
      watched_->match_indicator(value, matches_);
      if (!matches_.empty()) TRY_VOID(keep(std::move(value), plan_.said, said_, kMaxSaid));
    }
    if (!hunts_ || !huntable(type)) return ok;
    asked_.push_back({type, std::string{canonical}});
    return asked_.size() < kLookedUpAtOnce ? Result<void>{ok} : ask();
  }

  auto finish(std::span<model::SourceId const> replaced) -> Result<std::uint64_t> override {
    TRY_VOID(ask());
    TRY_VOID(plan());
    TRY_VOID(plan_for_younger());
    TRY(auto const count, load_->finish(replaced));
    // It stands, so it is not told as failed whatever comes now.
    if (auto const planned = plan_for_younger(); !planned)
      log_error("a watch that was added during a load was not asked about it: {}", planned.error().sentence);
    held_.release();
    if (hunted_ > kMaxHunted)
      log_warning(
          "of a load's {} new values the first {} are hunted for in past observations; ask for others that matter "
          "with: "
          "noroshi watch add -f FILE",
          hunted_, kMaxHunted);
    if (said_ > kMaxSaid) log_warning("of a load's {} watched values {} are told", said_, kMaxSaid);
    return count;
  }

private:
  static auto huntable(model::ValueType type) -> bool {
    using enum model::ValueType;
    return type == ip || type == domain || type == url || type == sha256;
  }

  auto ask() -> Result<void> {
    auto const asked = std::exchange(asked_, {});
    auto fresh = std::vector<model::Value>{};
    TRY_VOID(unknown(store_, asked, clock_.now(), fresh));
    for (auto &value : fresh) TRY_VOID(keep(std::move(value), plan_.values, hunted_, kMaxHunted));
    return ok;
  }

  auto keep(model::Value value, std::vector<model::Value> &to, std::uint64_t &count, std::uint64_t most)
      -> Result<void> {
    if (++count > most) return ok;
    to.push_back(std::move(value));
    return plan_.values.size() + plan_.said.size() < kOneHunt ? Result<void>{ok} : plan();
  }

  /// Before the store has it: a crash behind the store's word loses nothing.
  auto plan() -> Result<void> {
    auto hunt = std::exchange(plan_, {});
    if (hunt.values.empty() && hunt.said.empty()) return ok;
    hunt.sources.assign(sources_.begin(), sources_.end());
    return held_.plan({}, 0, hunt);
  }

  /// Watches that are younger than the set this load was checked against are asked of its sources anew.
  auto plan_for_younger() -> Result<void> {
    if (sources_.empty()) return ok;  // nothing was said
    auto const youngest = std::max(watched_->youngest(), asked_anew_);
    TRY(auto const watches, watcher_.book().watches({}, model::node_viewer()));
    for (auto const &watch : watches) {
      if (watch.id <= youngest || watch.about != model::WatchAbout::values) continue;
      asked_anew_ = std::max(asked_anew_, watch.id);
      auto hunt = model::Hunt{.watch = watch.id};
      hunt.sources.assign(sources_.begin(), sources_.end());
      TRY_VOID(held_.plan({}, 0, hunt));
    }
    return ok;
  }

  std::unique_ptr<model::IndicatorLoad> load_;
  model::IndicatorStore &store_;
  Watcher &watcher_;
  Clock const &clock_;
  std::shared_ptr<WatchSet const> watched_;  // shared with the watcher, which may have another one by now
  bool const hunts_;
  std::set<model::SourceId> sources_;
  HeldHunts held_;
  model::Hunt plan_;                     // not yet written down
  std::uint64_t hunted_ = 0, said_ = 0;  // in all, those past the bounds too
  std::vector<model::Value> asked_;
  std::vector<WatchSet::Match> matches_;
  model::WatchId asked_anew_;
};

class WatchedIndicators final : public model::IndicatorStore {
public:
  WatchedIndicators(model::IndicatorStore &store, Watcher &watcher, model::WatchBook &book, Clock const &clock)
      : store_(store), watcher_(watcher), book_(book), clock_(clock) {}

  auto look_up(std::span<model::Value const> values, model::Viewer const &viewer, Time now)
      -> Result<std::vector<std::vector<model::Hit>>> override {
    return store_.look_up(values, viewer, now);
  }
  auto list(model::IndicatorFilter const &filter, std::string_view cursor, std::size_t limit,
            model::Viewer const &viewer, Time now) -> Result<model::IndicatorPage> override {
    return store_.list(filter, cursor, limit, viewer, now);
  }

  auto apply(model::IndicatorCommit const &commit) -> Result<void> override {
    if (commit.stream != kCatalogue) return store_.apply(commit);
    TRY(auto const done, store_.cursor(kCatalogue));
    auto held = HeldHunts{watcher_};
    if (commit.position > done && watcher_.wants_hunts()) TRY_VOID(plan(commit, held));
    TRY_VOID(store_.apply(commit));
    held.release();
    return watcher_.look_at(kBookStream, commit.writes, commit.position);
  }

  auto load() -> Result<std::unique_ptr<model::IndicatorLoad>> override {
    TRY(auto load, store_.load());
    return std::make_unique<WatchedLoad>(std::move(load), store_, watcher_, clock_);
  }

  auto cursor(std::string_view stream) -> Result<std::uint64_t> override {
    TRY(auto const position, store_.cursor(stream));
    if (stream != kCatalogue) return position;
    TRY(auto const looked_at, book_.cursor(kBookStream));
    return std::min(position, looked_at);
  }
  auto stats() -> Result<model::IndicatorStats> override { return store_.stats(); }
  auto summarise(model::Viewer const &viewer, Time now) -> Result<model::IndicatorSummary> override {
    return store_.summarise(viewer, now);
  }
  auto held_types() -> Result<std::vector<model::ValueType>> override { return store_.held_types(); }
  auto files() -> Result<std::vector<model::IndicatorFile>> override { return store_.files(); }
  auto check(std::string const &file) -> Result<void> override { return store_.check(file); }
  auto compact(Progress const &progress) -> Result<void> override { return store_.compact(progress); }
  auto copy_to(std::string const &path) -> Result<void> override { return store_.copy_to(path); }

private:
  auto plan(model::IndicatorCommit const &commit, HeldHunts &held) -> Result<void> {
    auto values = std::vector<model::Value>{};
    for (auto const &write : commit.writes) values.push_back(write.indicator);
    std::ranges::sort(values);
    values.erase(std::ranges::unique(values).begin(), values.end());
    auto hunt = model::Hunt{};
    TRY_VOID(unknown(store_, values, clock_.now(), hunt.values));
    return hunt.values.empty() ? Result<void>{ok} : held.plan(kBookStream, commit.position, hunt);
  }

  model::IndicatorStore &store_;
  Watcher &watcher_;
  model::WatchBook &book_;
  Clock const &clock_;
};

}  // namespace

auto watch_over(model::IndicatorStore &store, Watcher &watcher, model::WatchBook &book, Clock const &clock)
    -> std::unique_ptr<model::IndicatorStore> {
  return std::make_unique<WatchedIndicators>(store, watcher, book, clock);
}

}  // namespace noroshi::understand
