// The three store ports in memory, for tests of what stands above them. They apply the viewer's rights as the real ones
// must: marking in look_up, secrets in observations, roles in the catalogue's writers.
#pragma once

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <set>

#include "model/batch.hpp"
#include "model/ports/catalogue.hpp"
#include "model/ports/indicator_store.hpp"
#include "model/ports/observation_store.hpp"
#include "model/ports/past_observations.hpp"
#include "tests/support/plain_summary.hpp"

namespace noroshi::test {

class FakeIndicators final : public model::IndicatorStore {
public:
  auto look_up(std::span<model::Value const> values, model::Viewer const &viewer, Time now)
      -> Result<std::vector<std::vector<model::Hit>>> override {
    if (before_look_up) TRY_VOID(before_look_up(values));
    auto all = std::vector<std::vector<model::Hit>>(values.size());
    for (auto i = std::size_t{0}; i < values.size(); ++i)
      for (auto const &hit : hits) {
        auto const expired = hit.context.expiry && *hit.context.expiry <= now;
        if (answers(hit, values[i]) && viewer.may_see(hit.context.tlp) && !expired) {
          all[i].push_back(hit);
          if (hit.indicator != values[i])
            all[i].back().match =
                hit.indicator.type == model::ValueType::cidr ? model::MatchKind::range : model::MatchKind::parent;
        }
      }
    return all;
  }
  /// Cursors are numbers of entries.
  auto list(model::IndicatorFilter const &filter, std::string_view cursor, std::size_t limit,
            model::Viewer const &viewer, Time now) -> Result<model::IndicatorPage> override {
    auto skip = std::size_t{0};
    auto const [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), skip);
    if (!cursor.empty() && (error != std::errc{} || end != cursor.data() + cursor.size()))
      return fail(ErrorCode::malformed, "the cursor is none of ours");
    auto const among = [](auto const &wanted, auto one) {
      return wanted.empty() || std::ranges::find(wanted, one) != wanted.end();
    };
    auto found = std::map<model::Value, std::vector<model::Context>>{};
    for (auto const &[match, indicator, context] : hits) {
      if (!among(filter.types, indicator.type) || !model::meets(filter.value, indicator)) continue;
      if (std::hash<std::string>{}(indicator.text) % filter.slice.of != filter.slice.number) continue;
      if (!among(filter.roles, context.role) || !among(filter.directions, context.direction)) continue;
      if (context.evidence < filter.evidence || context.confidence < filter.confidence) continue;
      if ((filter.to_ids_only && !context.to_ids) || !viewer.may_see(context.tlp)) continue;
      if ((context.expiry && *context.expiry <= now) || (filter.since && context.last_seen < *filter.since)) continue;
      if (!filter.before || context.last_seen < *filter.before) found[indicator].push_back(context);
    }
    if (before_list) TRY_VOID(before_list());
    auto page = model::IndicatorPage{};
    limit = std::min<std::size_t>(limit, filter.examine);
    for (auto number = std::size_t{0}; auto &[indicator, contexts] : found)
      if (number++ >= skip && page.listed.size() < limit) page.listed.push_back({indicator, std::move(contexts)});
    page.examined = page.listed.size();
    if (skip + page.listed.size() < found.size()) page.next = std::to_string(skip + page.listed.size());
    return page;
  }
  auto apply(model::IndicatorCommit const &commit) -> Result<void> override {
    if (commit.position <= cursors[commit.stream]) return ok;
    if (before_storing) TRY_VOID(before_storing());
    cursors[commit.stream] = commit.position;
    for (auto const &write : commit.writes) hits.push_back({model::MatchKind::exact, write.indicator, write.context});
    for (auto const &gone : commit.withdrawals)
      std::erase_if(hits, [&](model::Hit const &hit) {
        return hit.context.source == gone.source && hit.context.report == gone.report;
      });
    return ok;
  }
  auto load() -> Result<std::unique_ptr<model::IndicatorLoad>> override { return std::make_unique<Load>(*this); }
  auto cursor(std::string_view stream) -> Result<std::uint64_t> override { return cursors[std::string{stream}]; }
  auto copy_to(std::string const &) -> Result<void> override { return ok; }
  auto files() -> Result<std::vector<model::IndicatorFile>> override {
    return std::vector{model::IndicatorFile{"memory-1", "memory", hits.size(), hits.size(), 0, 0}};
  }
  auto check(std::string const &file) -> Result<void> override {
    return file == "memory-1" ? Result<void>{ok} : fail(ErrorCode::not_found, "no {}", file);
  }
  auto compact(Progress const &) -> Result<void> override { return ok; }
  auto stats() -> Result<model::IndicatorStats> override { return model::IndicatorStats{hits.size(), hits.size(), 0}; }
  auto summarise(model::Viewer const &viewer, Time now) -> Result<model::IndicatorSummary> override {
    auto visible = std::vector<std::pair<model::Value, model::Context>>{};
    for (auto const &hit : hits)
      if (viewer.may_see(hit.context.tlp) && !(hit.context.expiry && *hit.context.expiry <= now))
        visible.emplace_back(hit.indicator, hit.context);
    return summary_of(visible);
  }
  auto held_types() -> Result<std::vector<model::ValueType>> override {
    auto types = std::set<model::ValueType>{};
    for (auto const &hit : hits) types.insert(hit.indicator.type);
    return std::vector<model::ValueType>{types.begin(), types.end()};
  }

  void add(model::Value indicator, model::Context context) {
    hits.push_back({model::MatchKind::exact, std::move(indicator), std::move(context)});
  }
  std::vector<model::Hit> hits;
  std::map<std::string, std::uint64_t> cursors;
  std::function<Result<void>(std::span<model::Value const>)> before_look_up;  // its error is look_up's; may be empty
  std::function<Result<void>()> before_list;                                  // likewise; from several threads
  std::function<Result<void>()> before_storing;                               // likewise, of apply() and a load's end

private:
  class Load final : public model::IndicatorLoad {
  public:
    explicit Load(FakeIndicators &store) : store_(store) {}
    auto context(model::Context const &context) -> std::uint32_t override {
      contexts_.push_back(context);
      return static_cast<std::uint32_t>(contexts_.size() - 1);
    }
    auto add(model::ValueType type, std::string_view canonical, std::uint32_t context, model::Seen const &seen)
        -> Result<void> override {
      auto whole = contexts_[context];
      whole.first_seen = seen.first;
      whole.last_seen = seen.last;
      whole.count = seen.count;
      whole.expiry = seen.expiry;
      added_.push_back({model::MatchKind::exact, {type, std::string{canonical}}, std::move(whole)});
      return ok;
    }
    auto finish(std::span<model::SourceId const> replaced) -> Result<std::uint64_t> override {
      if (store_.before_storing) TRY_VOID(store_.before_storing());
      for (auto const source : replaced)
        std::erase_if(store_.hits, [&](model::Hit const &hit) { return hit.context.source == source; });
      for (auto &hit : added_) store_.hits.push_back(std::move(hit));
      return added_.size();
    }

  private:
    FakeIndicators &store_;
    std::vector<model::Context> contexts_;
    std::vector<model::Hit> added_;
  };

  static auto answers(model::Hit const &hit, model::Value const &value) -> bool {
    if (hit.indicator == value) return true;
    if (hit.indicator.type == model::ValueType::cidr && value.type == model::ValueType::ip)
      return model::IpPrefix::parse(hit.indicator.text)->contains(*model::IpAddress::parse(value.text));
    return hit.indicator.type == model::ValueType::domain && value.type == model::ValueType::domain &&
           value.text.ends_with("." + hit.indicator.text);
  }
};

class FakeObservations final : public model::ObservationStore, public model::PastObservations {
public:
  auto apply(std::span<model::ReceivedBatch const>, std::uint64_t position) -> Result<std::uint64_t> override {
    cursor_ = position;
    return std::uint64_t{0};
  }
  auto cursor() -> Result<std::uint64_t> override { return cursor_; }
  auto profile(model::IpAddress address, model::Viewer const &viewer)
      -> Result<std::optional<model::Profile>> override {
    TRY_VOID(check(viewer));
    auto const found = profiles.find(address);
    return found == profiles.end() ? std::optional<model::Profile>{} : found->second;
  }
  auto visits_of(model::IpAddress address, std::size_t limit, model::Viewer const &viewer)
      -> Result<std::vector<model::VisitSummary>> override {
    TRY_VOID(check(viewer));
    auto visits = std::vector<model::VisitSummary>{};
    for (auto const &one : observations) {
      if (one.source.address != address || one.sequence != 0 || visits.size() == limit) continue;
      visits.push_back({one.visit, one.sensor, one.time, one.time, one.source, one.destination, one.service, 1});
    }
    return visits;
  }
  auto visit(model::VisitId visit, model::Viewer const &viewer)
      -> Result<std::vector<model::StoredObservation>> override {
    TRY_VOID(check(viewer));
    return filtered(viewer, observations.size(), [&](auto const &one) { return one.visit == visit; });
  }
  auto mentions(model::Value const &value, std::size_t limit, model::Viewer const &viewer)
      -> Result<std::vector<model::StoredObservation>> override {
    TRY_VOID(check(viewer));
    return filtered(viewer, limit, [&](auto const &one) {
      return std::ranges::any_of(one.fields,
                                 [&](auto const &field) { return field.text.find(value.text) != std::string::npos; });
    });
  }
  /// Of addresses only, as sources.
  auto sightings(std::span<model::Value const> values, std::function<bool()> const &, model::Viewer const &viewer)
      -> Result<model::Sightings> override {
    TRY_VOID(check(viewer));
    auto all = model::Sightings{};
    for (auto const &value : values) {
      auto sighting = model::Sighting{value, Time::max(), Time::min(), 0, {}};
      for (auto const &one : observations) {
        if (one.source.address.to_string() != value.text) continue;
        sighting.first_seen = std::min(sighting.first_seen, one.time);
        sighting.last_seen = std::max(sighting.last_seen, one.time);
        ++sighting.count;
        sighting.sensors = {one.sensor};
      }
      if (sighting.count > 0) all.found.push_back(std::move(sighting));
    }
    return all;
  }
  auto top_values(model::Kind kind, model::Field field, Time since, std::size_t limit, model::Viewer const &viewer)
      -> Result<std::vector<model::TopValue>> override {
    TRY_VOID(check(viewer));
    auto counts = std::map<std::string, std::uint64_t>{};
    for (auto const &one : observations)
      for (auto const &present : one.fields)
        if (one.kind == kind && one.time >= since && present.field == field) ++counts[present.text];
    auto top = std::vector<model::TopValue>{};
    for (auto const &[value, count] : counts) top.push_back({value, count});
    std::ranges::sort(top, std::ranges::greater{}, &model::TopValue::count);
    top.resize(std::min(top.size(), limit));
    return top;
  }
  auto top_origins(model::Kind kind, model::Origin origin, Time since, std::size_t limit, model::Viewer const &viewer)
      -> Result<std::vector<model::TopValue>> override {
    TRY_VOID(check(viewer));
    auto counts = std::map<std::string, std::uint64_t>{};
    for (auto const &one : observations)
      if (one.kind == kind && one.time >= since && (origin == model::Origin::service || !one.where.empty()))
        ++counts[origin == model::Origin::country   ? one.where.country
                 : origin == model::Origin::service ? one.service
                                                    : one.where.network];
    auto top = std::vector<model::TopValue>{};
    for (auto const &[value, count] : counts)
      if (top.size() < limit) top.push_back({value, count});
    return top;
  }
  /// The cursor is the number of observations before it.
  auto page(model::ObservationQuery const &query, std::string_view cursor, std::size_t limit,
            model::Viewer const &viewer) -> Result<model::ObservationPage> override {
    TRY_VOID(check(viewer));
    auto from = std::size_t{0};
    if (!cursor.empty() &&
        std::from_chars(cursor.data(), cursor.data() + cursor.size(), from).ptr != cursor.data() + cursor.size())
      return fail(ErrorCode::malformed, "no cursor");
    auto const all = filtered(viewer, observations.size(), [&](auto const &one) {
      return (!query.kind || one.kind == *query.kind) && (query.service.empty() || one.service == query.service) &&
             (!query.since || one.received >= *query.since) && (!query.before || one.received < *query.before) &&
             (!query.source || one.source.address == *query.source);
    });
    auto page = model::ObservationPage{};
    for (auto at = from; at < all.size() && page.observations.size() < limit; ++at)
      page.observations.push_back(all[at]);
    from += page.observations.size();
    if (from < all.size()) page.next = std::to_string(from);
    return page;
  }
  auto days(model::Viewer const &viewer) -> Result<std::vector<model::DayInfo>> override {
    TRY_VOID(check(viewer));
    auto const held = !holds.empty();
    return std::vector<model::DayInfo>{{day_of(Time{std::chrono::days{20000}}), 3, true, held, 100}};
  }
  auto stats(model::Viewer const &viewer) -> Result<model::ObservationStats> override {
    TRY_VOID(check(viewer));
    return model::ObservationStats{observations.size(), profiles.size(), 0};
  }
  /// What is applied here is not kept, so nothing is ever read again.
  auto read_received(model::SensorId, Time, Time, std::function<void(model::Observation const &, Time)> const &)
      -> Result<void> override {
    return ok;
  }
  auto close_days(Day) -> Result<std::uint64_t> override { return std::uint64_t{0}; }
  auto drop_days(Day) -> Result<std::vector<Day>> override { return std::vector<Day>{}; }
  auto hold(std::string_view name, Day, Day) -> Result<void> override {
    holds.insert(std::string{name});
    return ok;
  }
  auto copy_to(std::string const &) -> Result<void> override { return ok; }
  auto release(std::string_view name) -> Result<void> override {
    if (holds.erase(std::string{name}) == 0) return fail(ErrorCode::not_found, "no hold is named \"{}\"", name);
    return ok;
  }

  std::map<model::IpAddress, model::Profile> profiles;
  std::vector<model::StoredObservation> observations;
  std::set<std::string> holds;

private:
  static auto check(model::Viewer const &viewer) -> Result<void> {
    if (!viewer.may_see_observations()) return fail(ErrorCode::denied, "{} may not read observations", viewer.name);
    return ok;
  }
  template <class Wanted>
  auto filtered(model::Viewer const &viewer, std::size_t limit, Wanted wanted)
      -> std::vector<model::StoredObservation> {
    auto found = std::vector<model::StoredObservation>{};
    for (auto const &one : observations) {
      if (found.size() == limit || !wanted(one)) continue;
      found.push_back(one);
      if (!viewer.may_see_secrets())
        std::erase_if(found.back().fields, [](auto const &field) { return model::info(field.field).secret; });
    }
    return found;
  }
  std::uint64_t cursor_ = 0;
};

}  // namespace noroshi::test
