// Of the watcher: what is applied, checked against the watches.
#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include <sodium.h>
#include <xxhash.h>

#include "know/observations/observations_names.hpp"
#include "model/batch.hpp"
#include "understand/watcher.hpp"

namespace noroshi::understand {

namespace {

// Values of one group that are told apart; of more it is only counted how many. A group is 50,000 rows or so.
constexpr auto kMaxTallies = std::size_t{20'000};
// Canonical forms cost microseconds, and visitors repeat themselves: half a megabyte remembers texts that match
// nothing.
constexpr auto kMaxMarks = std::size_t{65'536};

/// Visitors choose texts: without a secret one could write a text whose mark hides another.
auto mark_secret() -> std::uint64_t {
  static auto const number = [] {
    auto drawn = std::uint64_t{};
    ::randombytes_buf(&drawn, sizeof drawn);
    return drawn;
  }();
  return number;
}

/// Fields that are a value as they stand, beside those that name one.
constexpr auto kValueFields =
    std::array{std::pair{model::Field::ja3, model::ValueType::ja3}, std::pair{model::Field::ja4, model::ValueType::ja4},
               std::pair{model::Field::hassh, model::ValueType::hassh},
               std::pair{model::Field::user_agent, model::ValueType::user_agent},
               std::pair{model::Field::file_name, model::ValueType::file_name}};

/// What a group of observations has of one watched value.
struct Tally {
  model::Value found;
  model::MatchKind match;
  Time first, last;
  std::uint64_t count = 0;
  std::vector<model::SensorId> sensors;
};

class Tallies {
public:
  explicit Tallies(WatchSet const &set) : set_(set) {}

  template <class FoundAs>
  void add(WatchSet::Match match, Time time, model::SensorId sensor, FoundAs const &found_as) {
    auto place = by_entry_.find(match.entry);
    if (place == by_entry_.end()) {
      if (by_entry_.size() >= kMaxTallies) {
        set_.each_watch(match.entry, [&](model::WatchId watch) { note_other(watch, time); });
        return;
      }
      place = by_entry_.emplace(match.entry, Tally{found_as(), match.match, time, time, 0, {}}).first;
    }
    auto &tally = place->second;
    tally.first = std::min(tally.first, time);
    tally.last = std::max(tally.last, time);
    ++tally.count;
    auto const at = std::ranges::lower_bound(tally.sensors, sensor);
    if ((at == tally.sensors.end() || *at != sensor) && tally.sensors.size() < model::kMaxFindingSensors)
      tally.sensors.insert(at, sensor);
  }
  [[nodiscard]] auto has(std::uint32_t entry) const -> bool { return by_entry_.contains(entry); }

  void move_to(Findings &findings) && {
    for (auto const &[entry, tally] : by_entry_)
      set_.each_watch(entry, [&](model::WatchId watch) {
        auto finding = model::Finding{.watch = watch, .kind = model::AnswerKind::seen, .value = set_.value(entry)};
        finding.found = tally.found;
        finding.match = tally.match;
        finding.first_seen = tally.first;
        finding.last_seen = tally.last;
        finding.count = tally.count;
        finding.sensors = tally.sensors;
        findings.add(std::move(finding));
      });
    for (auto &[watch, finding] : others_) findings.add(std::move(finding));
  }

private:
  void note_other(model::WatchId watch, Time time) {
    auto const [place, is_new] = others_.try_emplace(watch);
    auto &other = place->second;
    other.watch = watch;
    other.first_seen = is_new ? time : std::min(other.first_seen, time);
    other.last_seen = is_new ? time : std::max(other.last_seen, time);
    ++other.count;
  }

  WatchSet const &set_;
  std::unordered_map<std::uint32_t, Tally> by_entry_;
  std::map<model::WatchId, model::Finding> others_;
};

/// Walks observations; what one visitor's observations have in common is matched once.
class Looker {
public:
  Looker(WatchSet const &set, std::unordered_set<std::uint64_t> &unwatched, Tallies &to)
      : set_(set), unwatched_(unwatched), to_(to) {}

  void look(LogRecord const &record) {
    auto reader = model::FrameReader{record.batch.frames};
    auto seen = model::Observation{};
    while (reader.next(seen) == model::FrameReader::Step::frame) {
      if (!source_ || *source_ != seen.source.address) {
        source_ = seen.source.address;
        of_source_.clear();
        set_.match(*source_, of_source_);
      }
      for (auto const match : of_source_)
        to_.add(match, seen.time, record.batch.sensor,
                [&] { return model::Value{model::ValueType::ip, source_->to_string()}; });
      look_at_names(seen, record.batch.sensor);
    }
  }

private:
  void look_at_names(model::Observation const &seen, model::SensorId sensor) {
    for (auto const field : know::observations::kNamingFields)
      if (seen.has(field) && !is_unwatched(field, seen.text(field)))
        take(know::observations::names_in(field, seen.text(field)), seen.time, sensor);
    for (auto const &[field, type] : kValueFields) {
      if (!set_.has(type) || !seen.has(field) || is_unwatched(field, seen.text(field))) continue;
      if (auto value = model::canonical(type, seen.text(field))) take({*std::move(value)}, seen.time, sensor);
    }
  }

  auto is_unwatched(model::Field field, std::string_view text) -> bool {
    mark_ = ::XXH3_64bits_withSeed(text.data(), text.size(), mark_secret() + static_cast<std::uint64_t>(field));
    return unwatched_.contains(mark_);
  }

  /// The values of the text that was marked last.
  void take(std::vector<model::Value> const &values, Time time, model::SensorId sensor) {
    auto any = false;
    for (auto const &value : values) {
      matches_.clear();
      set_.match(value, matches_);
      any = any || !matches_.empty();
      for (auto const match : matches_) to_.add(match, time, sensor, [&] { return value; });
    }
    if (any) return;
    if (unwatched_.size() >= kMaxMarks) unwatched_.clear();
    unwatched_.insert(mark_);
  }

  WatchSet const &set_;
  std::unordered_set<std::uint64_t> &unwatched_;
  Tallies &to_;
  std::optional<model::IpAddress> source_;
  std::vector<WatchSet::Match> of_source_, matches_;
  std::uint64_t mark_ = 0;
};

/// What was said, but of values that the same group was seen with: one answer for one event.
void add_known(WatchSet const &set, std::span<model::IndicatorWrite const> writes, Tallies const *seen, Findings &to) {
  auto matches = std::vector<WatchSet::Match>{};
  for (auto const &write : writes) {
    matches.clear();
    set.match_indicator(write.indicator, matches);
    for (auto const match : matches) {
      if (seen != nullptr && seen->has(match.entry)) continue;
      set.each_watch(match.entry, [&](model::WatchId watch) {
        to.add(known_finding(watch, set.value(match.entry), {match.match, write.indicator, write.context}));
      });
    }
  }
}

}  // namespace

auto known_finding(model::WatchId watch, model::Value value, model::Hit const &hit) -> model::Finding {
  auto finding = model::Finding{.watch = watch, .kind = model::AnswerKind::known, .value = std::move(value)};
  finding.found = hit.indicator;
  finding.match = hit.match;
  finding.first_seen = hit.context.first_seen;
  finding.last_seen = hit.context.last_seen;
  finding.count = hit.context.count;
  finding.source = hit.context.source;
  finding.report = hit.context.report;
  finding.role = hit.context.role;
  finding.tlp = hit.context.tlp;
  return finding;
}

auto Watcher::look_at(std::span<std::shared_ptr<LogRecord const> const> batches,
                      std::span<model::IndicatorWrite const> writes, std::uint64_t position) -> Result<void> {
  auto const watched = set();
  if (watched->empty()) return ok;
  if (unwatched_of_ != watched) unwatched_texts_.clear();
  unwatched_of_ = watched;
  auto found = Findings{};
  auto tallies = Tallies{*watched};
  auto looker = Looker{*watched, unwatched_texts_, tallies};
  for (auto const &batch : batches) looker.look(*batch);
  add_known(*watched, writes, &tallies, found);
  std::move(tallies).move_to(found);
  auto const findings = std::move(found).take();
  return findings.empty() ? Result<void>{ok} : record("watch/intake", position, findings);
}

auto Watcher::look_at(std::string_view stream, std::span<model::IndicatorWrite const> writes, std::uint64_t position)
    -> Result<void> {
  auto found = Findings{};
  if (auto const watched = set(); !watched->empty()) add_known(*watched, writes, nullptr, found);
  return record(stream, position, std::move(found).take());
}

}  // namespace noroshi::understand
