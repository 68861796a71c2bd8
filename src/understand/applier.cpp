#include "understand/applier.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/registry.hpp"
#include "model/receipt_part.hpp"
#include "understand/watcher.hpp"

namespace noroshi::understand {

namespace {

// One transaction a store for so many rows or so long a wait: commits cost the same for one row and for fifty thousand.
constexpr auto kGroupRows = std::uint64_t{50'000};
// Rows may carry bodies of many kilobytes: what a group holds in memory, and a store in one transaction, is bounded
// too.
constexpr auto kGroupBytes = std::size_t{32} << 20;
// While a group gathers, the log is read again when so many batches have come, or the time is up.
constexpr auto kGatherBatches = std::uint64_t{64};
constexpr auto kGatherTime = std::chrono::milliseconds{200};
// How long the thread sleeps in one wait, so that stop() is heard.
constexpr auto kIdleWait = std::chrono::milliseconds{500};
constexpr auto kRetryWait = std::chrono::seconds{1};

Counter const applied_rows{"noroshi_applied_observations_total", "observations written to every store"};
Counter const store_failures{"noroshi_apply_failures_total", "groups that a store refused and that were tried again"};
Counter const left_out{"noroshi_derived_left_out_total", "derived contexts beyond the limit of one group"};

auto fresh_detectors(Config const &config) -> Result<std::vector<std::unique_ptr<Detector>>> {
  auto detectors = std::vector<std::unique_ptr<Detector>>{};
  auto const &registry = Registry<Detector>::instance();
  for (auto const &name : registry.names()) {
    detectors.push_back(registry.create(name));
    TRY_VOID(detectors.back()->configure(config));
  }
  return detectors;
}

void move_to(std::vector<model::IndicatorWrite> &all, Derived &&derived, model::ReportId report) {
  left_out.add(derived.left_out());
  for (auto &write : std::move(derived).writes()) {
    write.context.report = report;
    all.push_back(std::move(write));
  }
}

}  // namespace

Applier::Applier(IntakeLog &log, Stores stores, Config const &config, AddressPolicy addresses, Enrichment enrichment)
    : log_(log),
      stores_(stores),
      config_(config),
      addresses_(std::move(addresses)),
      enrichment_(enrichment),
      distrusts_(stores.catalogue, stores.indicators) {}

auto Applier::create(IntakeLog &log, Stores stores, Config const &config, Enrichment enrichment)
    -> Result<std::unique_ptr<Applier>> {
  TRY(auto addresses, AddressPolicy::create(config));
  TRY(auto const observations, stores.observations.cursor());
  TRY(auto const indicators, stores.indicators.cursor("intake"));
  TRY(auto const catalogue, stores.catalogue.cursor());
  auto applier = std::unique_ptr<Applier>{new Applier{log, stores, config, std::move(addresses), enrichment}};
  applier->applied_ = std::min({observations, indicators, catalogue});
  applier->tail_.begin_after(applier->applied_);
  applier->level_ = std::max({observations, indicators, catalogue});
  TRY(applier->detectors_, fresh_detectors(config));
  return applier;
}

Applier::~Applier() { stop(); }

void Applier::start() {
  thread_ = std::thread{[this] { run(); }};
}

void Applier::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

auto Applier::catch_up() -> Result<void> {
  while (true) {
    TRY(auto const more, step(std::chrono::milliseconds{0}));
    if (!more) return ok;
  }
}

void Applier::run() {
  while (!stopping_) {
    auto const done = step(kGatherTime);
    if (done) {
      set_trouble({});
      if (!*done && log_.closed()) return;
      continue;
    }
    store_failures.add();
    log_error("the stores do not take new observations: {}; they wait in the intake log, next try in {} s",
              done.error().sentence, kRetryWait.count());
    set_trouble(done.error().sentence);
    auto const until = std::chrono::steady_clock::now() + kRetryWait;
    while (!stopping_ && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
}

/// One group. False where the log holds nothing new.
auto Applier::step(std::chrono::milliseconds gather) -> Result<bool> {
  if (pending_.through == 0) {
    TRY_VOID(heed_distrusts());
    TRY(pending_, next_group(gather));
    if (pending_.through == 0) return false;
  }
  auto const lock = std::lock_guard{step_mutex_};
  TRY_VOID(conclude(pending_));
  TRY_VOID(apply(pending_));
  applied_rows.add(pending_.rows);
  rows_ += pending_.rows;
  applied_ = pending_.through;
  tail_.publish(pending_.batches);
  pending_ = Group{};
  TRY_VOID(log_.trim(applied_));
  return true;
}

/// The next batches, at most kGroupRows and one batch more; what an earlier run concluded about them comes along.
auto Applier::next_group(std::chrono::milliseconds gather) -> Result<Group> {
  auto const from = std::max(applied_.load() + 1, looked_through_ + 1);
  auto group = Group{};
  auto const live = gather.count() != 0;
  if (!log_.wait_for(from, std::chrono::steady_clock::now() + (live ? kIdleWait : std::chrono::milliseconds{0})))
    return group;
  auto const replaying = from <= log_.concluded_through();
  auto const until = std::chrono::steady_clock::now() + gather;
  auto next = from;
  auto full = false;
  do {
    auto const end = log_.end();
    auto const before = next;
    TRY_VOID(log_.read(next, [&](LogRecord &&record) {
      next = record.position + 1;
      full = take(std::move(record), replaying, group);
      return !full;
    }));
    if (next == before) next = std::max(next, end);  // damage, which opening the log has reported: go on behind it
    if (full || !live || std::chrono::steady_clock::now() >= until) break;
    // A fuller group costs each row less. Not read after every sync: ten thousand sensors make a thousand a second.
    (void)log_.wait_for(next + kGatherBatches, until);
  } while (log_.end() > next);
  if (group.batches.empty())
    looked_through_ = next - 1;  // conclusions of groups that are applied: not to be read again
  else
    group.through = group.batches.back()->position;
  return group;
}

/// Adds one record to the group. True when the group is complete.
auto Applier::take(LogRecord &&record, bool replaying, Group &group) -> bool {
  if (record.type == RecordType::batch) {
    group.rows += record.rows;
    group.bytes += record.batch.frames.size();
    group.batches.push_back(std::make_shared<LogRecord const>(std::move(record)));
    return !replaying && (group.rows >= kGroupRows || group.bytes >= kGroupBytes);
  }
  // A conclusion stands behind all its batches and says up to which it goes; batches behind that came in meanwhile.
  if (group.batches.empty() || record.through < group.batches.front()->position) return false;
  auto conclusions = decode_conclusions(record.derived);
  if (!conclusions) return false;
  while (group.batches.back()->position > record.through) {
    group.rows -= group.batches.back()->rows;
    group.batches.pop_back();
  }
  group.conclusions = *std::move(conclusions);
  group.concluded = true;
  return true;
}

auto Applier::conclude(Group &group) -> Result<void> {
  TRY_VOID(distrusts_.refresh());
  auto const doubted = std::ranges::any_of(
      group.batches, [this](auto const &record) { return distrusts_.covers(record->batch.sensor, record->received); });
  if (group.concluded && !doubted) return ok;
  TRY(auto conclusions, detect(group));
  if (group.concluded) {  // the log has what was concluded before the sensor was distrusted
    group.conclusions.writes = std::move(conclusions.writes);
    return ok;
  }
  group.conclusions = std::move(conclusions);
  TRY_VOID(log_.append_derived(group.through, encode(group.conclusions)));
  group.concluded = true;
  return ok;
}

auto Applier::detect(Group const &group) -> Result<Conclusions> {
  auto by_day = std::map<Day, Derived>{};
  auto sources = SourceNotes{enrichment_.where};
  for (auto const &record : group.batches) {
    TRY(auto const facts, facts_of(record->batch.sensor));
    auto const doubted = distrusts_.covers(record->batch.sensor, record->received);
    auto &derived = by_day[day_of(record->received)];
    auto reader = model::FrameReader{record->batch.frames};
    auto observation = model::Observation{};
    while (reader.next(observation) == model::FrameReader::Step::frame) {
      auto const &where = sources.note(observation.source.address);
      if (doubted) continue;
      auto const input = DetectorInput{observation, facts.source, addresses_, config_, &where, facts.collected_by};
      for (auto const &detector : detectors_) detector->look_at(input, derived);
    }
  }
  auto conclusions = Conclusions{{}, std::move(sources).table()};
  for (auto &[day, derived] : by_day) move_to(conclusions.writes, std::move(derived), model::receipt_part(day, 0));
  settle(conclusions.writes, enrichment_, config_.get(kCarrierNatExpiry));
  return conclusions;
}

/// Only while every store has the same batches: what is derived again comes from one, and goes to another.
auto Applier::heed_distrusts() -> Result<void> {
  TRY_VOID(distrusts_.refresh());
  if (applied_ < level_) return ok;
  return distrusts_.heed(system_clock().now(), [this](model::Distrust const &distrust, Time from, Time to) {
    return derive_again(distrust, from, to);
  });
}

auto Applier::derive_again(model::Distrust const &distrust, Time from, Time to)
    -> Result<std::vector<model::IndicatorWrite>> {
  auto writes = std::vector<model::IndicatorWrite>{};
  TRY(auto const detectors, fresh_detectors(config_));
  TRY(auto const facts, facts_of(distrust.sensor));
  auto const report = model::receipt_part(day_of(from), distrust.number);
  auto derived = Derived{};
  auto sources = SourceNotes{enrichment_.where};
  auto looked_at = std::uint64_t{0};
  TRY_VOID(
      stores_.observations.read_received(distrust.sensor, from, to, [&](model::Observation const &seen, Time received) {
        if (distrusts_.covers(distrust.sensor, received)) return;  // of an earlier distrust
        auto const &where = sources.note(seen.source.address);
        auto const input = DetectorInput{seen, distrust.source, addresses_, config_, &where, facts.collected_by};
        for (auto const &detector : detectors) detector->look_at(input, derived);
        if (++looked_at % kGroupRows != 0) return;
        move_to(writes, std::move(derived), report);
        derived = Derived{};
      }));
  move_to(writes, std::move(derived), report);
  settle(writes, enrichment_, config_.get(kCarrierNatExpiry));
  return writes;
}

auto Applier::apply(Group const &group) -> Result<void> {
  auto batches = std::vector<model::ReceivedBatch>{};
  auto progress = std::vector<model::SensorProgress>{};
  auto place_of = std::map<model::SensorId, std::size_t>{};  // in progress
  for (auto const &each : group.batches) {
    auto const &record = *each;
    batches.push_back({record.batch.sensor, record.received, record.batch.frames, &group.conclusions.where});
    auto const [place, is_new] = place_of.try_emplace(record.batch.sensor, progress.size());
    if (is_new) progress.push_back(model::SensorProgress{record.batch.sensor});
    auto &sensor = progress[place->second];
    sensor.epoch = record.batch.epoch;
    sensor.sequence = record.batch.sequence;
    sensor.observations += record.rows;
    sensor.last_seen = std::max(sensor.last_seen, record.received);
  }
  TRY_VOID(stores_.observations.apply(batches, group.through));
  TRY_VOID(stores_.indicators.apply(model::IndicatorCommit{"intake", group.through, group.conclusions.writes, {}, {}}));
  // Behind these two, so that a watch which is added meanwhile finds the group in the past or here; before the
  // catalogue, so that a crash shows the group once more, and the watches' own cursor passes it over.
  if (watcher_ != nullptr) TRY_VOID(watcher_->look_at(group.batches, group.conclusions.writes, group.through));
  return stores_.catalogue.apply(progress, group.through);
}

auto Applier::facts_of(model::SensorId sensor) -> Result<SensorFacts> {
  // By number: ten thousand sensors are asked for with every batch.
  auto const known = [&] {
    auto const found = std::ranges::lower_bound(sensors_, sensor, {}, &SensorFacts::sensor);
    return found != sensors_.end() && found->sensor == sensor ? std::optional{*found} : std::nullopt;
  };
  if (auto const facts = known()) return *facts;
  TRY(auto const sensors, stores_.catalogue.sensors(model::node_viewer()));
  sensors_.clear();
  for (auto const &each : sensors) {
    // "cowrie/NAME" speaks in an imported log alone: no sensor of ours has a slash in its name.
    auto const imported = each.name.contains('/');
    sensors_.push_back({each.id, each.source, imported ? model::CollectedBy::access_log : model::CollectedBy::decoy});
  }
  std::ranges::sort(sensors_, {}, &SensorFacts::sensor);
  if (auto const facts = known()) return *facts;
  return fail(ErrorCode::not_found, "the intake log names sensor {}, which the catalogue does not know", sensor.number);
}

auto Applier::idle() const -> bool {
  auto left = false;
  auto const read = log_.read(applied_.load() + 1, [&](LogRecord &&record) {
    left = record.type == RecordType::batch;
    return !left;
  });
  return read && !left;
}

auto Applier::trouble() const -> std::string {
  auto const lock = std::lock_guard{trouble_mutex_};
  return trouble_;
}

void Applier::set_trouble(std::string sentence) {
  auto const lock = std::lock_guard{trouble_mutex_};
  trouble_ = std::move(sentence);
}

}  // namespace noroshi::understand
