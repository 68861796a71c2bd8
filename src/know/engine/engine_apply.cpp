#include <algorithm>

#include "base/log.hpp"
#include "know/engine/engine.hpp"
#include "know/engine/merge_runs.hpp"

namespace noroshi::know::engine {

namespace {

/// A group of the intake is at most 50,000 observations, each good for a handful of writes; more is a mistake above.
constexpr auto kMaxCommitWrites = std::size_t{1'000'000};
// Runs in memory that together hold no more become one at once: that costs less than looking into each.
constexpr auto kSmallEntries = std::uint64_t{4096};

}  // namespace

auto Engine::snapshot() const -> std::shared_ptr<Snapshot const> {
  auto const lock = std::lock_guard{published_mutex_};
  return published_;
}

void Engine::publish(Snapshot next) {
  next.lengths = {};
  for (auto const &run : next.runs) next.lengths.add(run->facts().lengths);
  auto fresh = std::make_shared<Snapshot const>(std::move(next));
  auto const lock = std::lock_guard{published_mutex_};
  published_.swap(fresh);  // the old one goes after the lock, when its last reader has gone
}

auto Engine::cursor(std::string_view stream) -> Result<std::uint64_t> {
  auto const lock = std::lock_guard{write_};
  auto const found = cursors_.find(stream);
  return found == cursors_.end() ? std::uint64_t{0} : found->second;
}

auto Engine::stats() -> Result<model::IndicatorStats> {
  auto const now = snapshot();
  auto stats = model::IndicatorStats{};
  for (auto const &run : now->runs) {
    stats.indicators += run->facts().entries;
    stats.contexts += run->facts().fragments;
    stats.bytes += run->size();
  }
  return stats;
}

auto Engine::apply(model::IndicatorCommit const &commit) -> Result<void> {
  if (commit.writes.size() > kMaxCommitWrites)
    return fail(ErrorCode::too_large, "a commit of {} writes; at most {} go into one, apply it in parts",
                commit.writes.size(), kMaxCommitWrites);
  {
    auto const lock = std::lock_guard{write_};
    auto const found = cursors_.find(commit.stream);
    if (found != cursors_.end() && commit.position <= found->second) return ok;
    if (commit.position == 0) return ok;
    auto erasures = snapshot()->erasures;
    for (auto const source : commit.raised) ++erasures.generations[source];
    // The number is used up even where the log fails: what was written in part must not be taken for another commit.
    TRY(auto const batch, to_batch(commit, ++version_, key_, erasures));
    TRY_VOID(log(batch));
    TRY_VOID(take_in(batch));
  }
  if (wants_house_kept()) keep_house_soon();
  return ok;
}

void Engine::keep_house_soon() {
  if (!options_.in_background) {
    // What was asked for is stored; what failed behind it is tried again after the next commit.
    if (auto const kept = keep_house(); !kept) log_error("indicators: {}; it is tried again", kept.error().sentence);
    return;
  }
  auto const lock = std::lock_guard{wake_mutex_};
  wanted_ = true;
  wake_.notify_one();
}

/// What is logged becomes visible.
auto Engine::take_in(Batch const &batch) -> Result<void> {
  auto next = Snapshot{*snapshot()};
  erase(next.erasures, batch);
  if (!batch.entries.empty()) {
    TRY(auto run, run_of(batch));
    next.runs.push_back(std::move(run));
    TRY_VOID(merge_small(next));
  }
  if (!batch.raised.empty() || !batch.withdrawals.empty()) TRY_VOID(purge_small(next, file_runs_));
  version_ = std::max(version_, batch.version);
  cursors_[batch.stream] = batch.position;
  publish(std::move(next));
  return ok;
}

/// Two runs in memory become one as long as the older is not more than twice as long: so there are few.
auto Engine::merge_small(Snapshot &next) -> Result<void> {
  while (next.runs.size() >= file_runs_ + 2) {
    auto const pair = std::span{next.runs}.last(2);
    auto const older = pair[0]->facts().entries;
    auto const newer = pair[1]->facts().entries;
    if (older + newer > kSmallEntries && older > 2 * newer) return ok;
    TRY_VOID(merge_last(next, 2));
  }
  return ok;
}

/// What was just taken back leaves memory at once where that costs little: so a small store counts exactly.
auto Engine::purge_small(Snapshot &next, std::size_t files) -> Result<void> {
  auto const memory = std::span{next.runs}.subspan(files);
  auto entries = std::uint64_t{0};
  for (auto const &run : memory) entries += run->facts().entries;
  if (memory.empty() || entries > kSmallEntries) return ok;
  return merge_last(next, memory.size());
}

auto Engine::merge_last(Snapshot &next, std::size_t count) -> Result<void> {
  TRY(auto merged, merged_in_memory(std::span{next.runs}.last(count), next.erasures));
  next.runs.resize(next.runs.size() - count);
  if (merged->facts().entries > 0) next.runs.push_back(std::move(merged));
  return ok;
}

auto Engine::merged_in_memory(std::span<std::shared_ptr<Run const> const> runs, Erasures const &erasures) const
    -> Result<std::shared_ptr<Run const>> {
  auto file = std::make_shared<MemoryFile>();
  TRY_VOID(merge_runs(runs, erasures, {options_.clock->now(), {}}, *file));
  return Run::open(std::move(file), "a run in memory");
}

/// The new log says up to where the one before counts: a record whose write failed must not come back to life behind
/// commits that did not know of it.
auto Engine::start_log() -> Result<void> {
  auto const number = manifest_.next_file;
  auto const header = log_header({log_number_, log_bytes_});
  TRY(auto log, files_->create(log_name(number)));
  TRY_VOID(log->write_at(0, header));
  TRY_VOID(log->sync());  // before any record: a bad header with records behind it is damage
  TRY_VOID(files_->sync_folder());
  log_ = std::move(log);
  manifest_.next_file = number + 1;
  log_number_ = number;
  log_bytes_ = header.size();
  return ok;
}

auto Engine::save(Manifest next) -> Result<void> {
  disk_unsure_ = true;
  TRY_VOID(write_manifest(*files_, next));
  disk_unsure_ = false;
  manifest_ = std::move(next);
  return ok;
}

/// Durable when it returns. A log into which a write failed is left as it is: its sound front counts, and the next
/// commit goes into a new one.
auto Engine::log(Batch const &batch) -> Result<void> {
  // A manifest that was refused may raise generations, and what is logged now would be of older ones.
  if (disk_unsure_) TRY_VOID(save(manifest_));
  if (!log_) TRY_VOID(start_log());
  auto const record = to_record(to_body(batch), manifest_.key_checksum);
  auto written = log_->write_at(log_bytes_, record);
  if (written) written = log_->sync();
  if (!written) {
    log_.reset();
    return fail(ErrorCode::unavailable, "{}; what was stored is kept", written.error().sentence);
  }
  log_bytes_ += record.size();
  return ok;
}

}  // namespace noroshi::know::engine
