#include "understand/distrust.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "model/receipt_part.hpp"

namespace noroshi::understand {

namespace {

constexpr auto kStream = std::string_view{"distrust"};
// A distrust from before the node was there withdraws ten years of days; each costs a look into an index.
constexpr auto kMaxDays = std::chrono::days{3660};

}  // namespace

auto Distrusts::refresh() -> Result<void> {
  auto const version = catalogue_.sensors_version();
  if (version == version_) return ok;
  TRY(all_, catalogue_.distrusts());
  TRY(heeded_, indicators_.cursor(kStream));
  version_ = version;
  return ok;
}

auto Distrusts::covers(model::SensorId sensor, Time received) const -> bool {
  return std::ranges::any_of(all_, [&](model::Distrust const &one) { return one.covers(sensor, received); });
}

auto Distrusts::commit_for(model::Distrust const &distrust, Day today) const -> model::IndicatorCommit {
  auto commit = model::IndicatorCommit{};
  commit.stream = kStream;
  commit.position = distrust.number;
  auto const first = std::max(day_of(distrust.since), today - kMaxDays);
  for (auto day = first; day <= today; day += std::chrono::days{1}) {
    commit.withdrawals.push_back({distrust.source, model::receipt_part(day, 0)});
    for (auto const &earlier : all_)
      if (earlier.number < distrust.number && earlier.sensor == distrust.sensor && day_of(earlier.since) == day)
        commit.withdrawals.push_back({distrust.source, model::receipt_part(day, earlier.number)});
  }
  return commit;
}

auto Distrusts::heed(Time now, Derive const &derive) -> Result<void> {
  for (auto const &distrust : all_) {
    if (distrust.number <= heeded_) continue;
    auto commit = commit_for(distrust, day_of(now));
    TRY(commit.writes, derive(distrust, Time{day_of(distrust.since)}, distrust.since));
    for (auto &write : commit.writes)
      write.context.report = model::receipt_part(day_of(distrust.since), distrust.number);
    TRY_VOID(indicators_.apply(commit));
    heeded_ = distrust.number;
    log_info("sensor {}: what was derived from it since {} is withdrawn; {} contexts of that day stay", distrust.name,
             to_rfc3339(distrust.since), commit.writes.size());
  }
  return ok;
}

}  // namespace noroshi::understand
