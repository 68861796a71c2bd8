#include "understand/watched_indicators.hpp"

#include <algorithm>
#include <set>

#include "base/log.hpp"

namespace noroshi::understand {

namespace {

constexpr auto kCatalogue = std::string_view{"catalogue"};
// The stream under which the book keeps its own cursor for the catalogue's changes.
constexpr auto kBookStream = std::string_view{"watch/catalogue"};
// New values of one load that are hunted for in the past: the largest feeds have some hundred thousand. 100 MB.
constexpr auto kMaxHunted = std::size_t{1'000'000};
// Watched values of one load that are told one by one.
constexpr auto kMaxSaid = std::size_t{100'000};
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
        hunts_(watcher.wants_hunts()) {}

  auto context(model::Context const &context) -> std::uint32_t override {
    sources_.insert(context.source);
    return load_->context(context);
  }

  auto add(model::ValueType type, std::string_view canonical, std::uint32_t context, model::Seen const &seen)
      -> Result<void> override {
    TRY_VOID(load_->add(type, canonical, context, seen));
    if (!watched_->empty() && plan_.said.size() < kMaxSaid) {
      matches_.clear();
      auto value = model::Value{type, std::string{canonical}};
      watched_->match_indicator(value, matches_);
      if (!matches_.empty()) plan_.said.push_back(std::move(value));
    }
    if (!hunts_ || !huntable(type)) return ok;
    if (plan_.values.size() >= kMaxHunted) {
      ++left_out_;
      return ok;
    }
    asked_.push_back({type, std::string{canonical}});
    return asked_.size() < kLookedUpAtOnce ? Result<void>{ok} : ask();
  }

  auto finish(std::span<model::SourceId const> replaced) -> Result<std::uint64_t> override {
    TRY_VOID(ask());
    if (left_out_ > 0)
      log_warning("of a load's new values {} are hunted for in past observations, {} more are not", kMaxHunted,
                  left_out_);
    plan_.sources.assign(sources_.begin(), sources_.end());
    auto const any = !plan_.values.empty() || !plan_.said.empty();
    // Planned first: a crash between the two hunts for what is not known yet, and loses nothing.
    if (any) TRY_VOID(watcher_.plan_hunt({}, 0, plan_));
    TRY(auto const count, load_->finish(replaced));
    if (any) watcher_.wake();
    return count;
  }

private:
  static auto huntable(model::ValueType type) -> bool {
    using enum model::ValueType;
    return type == ip || type == domain || type == url || type == sha256;
  }
  auto ask() -> Result<void> {
    auto const asked = std::exchange(asked_, {});
    return unknown(store_, asked, clock_.now(), plan_.values);
  }

  std::unique_ptr<model::IndicatorLoad> load_;
  model::IndicatorStore &store_;
  Watcher &watcher_;
  Clock const &clock_;
  std::shared_ptr<WatchSet const> watched_;  // shared with the watcher, which may have another one by now
  bool const hunts_;
  std::set<model::SourceId> sources_;
  model::Hunt plan_;
  std::vector<model::Value> asked_;
  std::vector<WatchSet::Match> matches_;
  std::uint64_t left_out_ = 0;
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
    if (commit.position > done && watcher_.wants_hunts()) TRY_VOID(plan(commit));
    TRY_VOID(store_.apply(commit));
    TRY_VOID(watcher_.look_at(kBookStream, commit.writes, commit.position));
    watcher_.wake();
    return ok;
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
  auto plan(model::IndicatorCommit const &commit) -> Result<void> {
    auto values = std::vector<model::Value>{};
    for (auto const &write : commit.writes) values.push_back(write.indicator);
    std::ranges::sort(values);
    values.erase(std::ranges::unique(values).begin(), values.end());
    auto hunt = model::Hunt{};
    TRY_VOID(unknown(store_, values, clock_.now(), hunt.values));
    if (hunt.values.empty()) return ok;
    return watcher_.plan_hunt(kBookStream, commit.position, hunt);
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
