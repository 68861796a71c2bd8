// Flushes and merges: what happens behind the readers' backs.
#include <algorithm>
#include <numeric>

#include "base/log.hpp"
#include "know/engine/engine.hpp"
#include "know/engine/merge_runs.hpp"
#include "know/engine/store_files.hpp"

namespace noroshi::know::engine {

namespace {

// Young files are merged into the base once they hold a sixteenth of it: so a value is written to disk a few times
// only, and the base's filter answers for nearly everything.
constexpr auto kBaseShare = std::uint64_t{16};
// After a failure, for example a full disk, not again at once.
constexpr auto kPause = std::chrono::seconds{5};

auto bytes_of(std::span<std::shared_ptr<Run const> const> runs) -> std::uint64_t {
  return std::accumulate(runs.begin(), runs.end(), std::uint64_t{0},
                         [](std::uint64_t sum, auto const &run) { return sum + run->size(); });
}

}  // namespace

void Engine::work() {
  auto lock = std::unique_lock{wake_mutex_};
  while (!ending_) {
    wake_.wait(lock, [this] { return ending_ || wanted_; });
    wanted_ = false;
    if (ending_) return;
    lock.unlock();
    auto const kept = keep_house();
    lock.lock();
    if (kept || ending_) continue;
    log_error("indicators: {}; nothing is lost, it is tried again", kept.error().sentence);
    wake_.wait_for(lock, kPause, [this] { return ending_.load(); });
    wanted_ = true;
  }
}

auto Engine::wants_house_kept() const -> bool {
  auto const now = snapshot();
  auto const memory = std::span{now->runs}.subspan(std::min(now->runs.size(), file_runs_.load()));
  return bytes_of(memory) >= options_.memory_bytes;
}

auto Engine::keep_house() -> Result<void> {
  auto const one_at_a_time = std::lock_guard{house_};
  if (wants_house_kept()) TRY_VOID(flush());
  auto const now = snapshot();
  auto const files = std::span{now->runs}.first(file_runs_);
  if (files.size() < 2) return ok;
  auto const base = files.front()->size();
  auto const young = bytes_of(files.subspan(1));
  if (young * kBaseShare >= base) return merge_files(0, files.size(), {});
  if (files.size() - 1 > options_.young_files) return merge_files(1, files.size() - 1, {});
  return ok;
}

/// Writes, syncs, names and opens one run.
auto Engine::write_run(std::span<std::shared_ptr<Run const> const> runs, Erasures const &erasures,
                       Progress const &progress) -> Result<std::shared_ptr<Run const>> {
  auto name = std::string{};
  {
    auto const lock = std::lock_guard{write_};
    name = run_name(manifest_.next_file++);
  }
  auto const temporary = name + ".tmp";
  auto entries = std::uint64_t{0};
  for (auto const &run : runs) entries += run->facts().entries;
  auto const stop = [&](std::uint64_t done) { return ending_ || (progress && !progress(done, entries)); };
  auto const written = [&]() -> Result<void> {
    TRY(auto const file, files_->create(temporary));
    TRY_VOID(merge_runs(runs, erasures, {options_.clock->now(), stop}, *file));
    TRY_VOID(file->sync());
    TRY_VOID(files_->rename(temporary, name));
    return files_->sync_folder();
  }();
  if (!written) {
    (void)files_->remove(temporary);  // a full disk gets its space back
    return written.error();
  }
  TRY(auto bytes, files_->map(name));
  return Run::open(std::move(bytes), name);
}

/// What a flush writes.
struct Engine::Frozen {
  std::vector<std::shared_ptr<Run const>> runs;
  Manifest next;
};

/// From here on commits go into a log of their own, and into runs that are not merged with the frozen ones. Nothing
/// where there is nothing to flush.
auto Engine::freeze() -> Result<std::optional<Frozen>> {
  auto const lock = std::lock_guard{write_};
  auto const now = snapshot();
  auto frozen = Frozen{};
  frozen.runs.assign(now->runs.begin() + static_cast<std::ptrdiff_t>(file_runs_), now->runs.end());
  if (frozen.runs.empty() && version_ == manifest_.version) return std::optional<Frozen>{};
  // Even where the new log's beginning fails it may be there, and says up to where this one counts.
  log_.reset();
  TRY_VOID(start_log());
  file_runs_ = now->runs.size();
  frozen.next = manifest_;
  frozen.next.version = version_;
  frozen.next.first_log = log_number_;
  frozen.next.cursors = cursors_;
  frozen.next.erasures = now->erasures;
  return std::optional{std::move(frozen)};
}

auto Engine::replace_frozen(Frozen &frozen, std::shared_ptr<Run const> const &run) -> Result<void> {
  auto changed = Snapshot{*snapshot()};
  auto const from = changed.runs.begin() + static_cast<std::ptrdiff_t>(manifest_.runs.size());
  auto const at = changed.runs.erase(from, from + static_cast<std::ptrdiff_t>(frozen.runs.size()));
  if (run && run->facts().entries > 0) {
    frozen.next.runs.push_back({run->name(), run->size()});
    changed.runs.insert(at, run);
  }
  frozen.next.next_file = manifest_.next_file;
  TRY_VOID(save(std::move(frozen.next)));
  publish(std::move(changed));
  return ok;
}

/// The memory tier becomes a young file, and the logs that held it go.
auto Engine::flush() -> Result<void> {
  TRY(auto frozen, freeze());
  if (!frozen) return ok;
  auto const run = frozen->runs.empty() ? Result<std::shared_ptr<Run const>>{std::shared_ptr<Run const>{}}
                                        : write_run(frozen->runs, frozen->next.erasures, {});
  auto const lock = std::lock_guard{write_};
  auto const flushed = run ? replace_frozen(*frozen, *run) : Result<void>{run.error()};
  file_runs_ = manifest_.runs.size();  // where it failed they are the memory tier's again
  if (!flushed) return flushed;
  return remove_strangers();
}

/// `count` files from `first` on become one.
auto Engine::merge_files(std::size_t first, std::size_t count, Progress const &progress) -> Result<void> {
  auto const now = snapshot();
  auto const old = std::vector(now->runs.begin() + static_cast<std::ptrdiff_t>(first),
                               now->runs.begin() + static_cast<std::ptrdiff_t>(first + count));
  TRY(auto const run, write_run(old, now->erasures, progress));
  auto const lock = std::lock_guard{write_};
  auto changed = Snapshot{*snapshot()};
  auto next = manifest_;
  auto const begin = static_cast<std::ptrdiff_t>(first);
  auto const end = static_cast<std::ptrdiff_t>(first + count);
  auto const in_list = next.runs.erase(next.runs.begin() + begin, next.runs.begin() + end);
  auto const in_snapshot = changed.runs.erase(changed.runs.begin() + begin, changed.runs.begin() + end);
  if (run->facts().entries > 0) {
    next.runs.insert(in_list, {run->name(), run->size()});
    changed.runs.insert(in_snapshot, run);
  }
  auto lowest = ~std::uint64_t{0};
  for (auto const &each : changed.runs) lowest = std::min(lowest, each->facts().lowest_version);
  next.erasures.forget_before(lowest);
  changed.erasures.forget_before(lowest);
  TRY_VOID(save(std::move(next)));
  file_runs_ = manifest_.runs.size();
  publish(std::move(changed));
  return remove_strangers();
}

auto Engine::compact(Progress const &progress) -> Result<void> {
  auto const one_at_a_time = std::lock_guard{house_};
  TRY_VOID(flush());
  {
    // Whatever happened to them on the disk: store check sends people here.
    auto const lock = std::lock_guard{write_};
    TRY_VOID(write_key(*files_, key_));
    TRY_VOID(save(manifest_));
  }
  return file_runs_ == 0 ? Result<void>{ok} : merge_files(0, file_runs_, progress);
}

auto Engine::copy_to(std::string const &path) -> Result<void> {
  auto const one_at_a_time = std::lock_guard{house_};
  TRY_VOID(flush());
  auto held = std::shared_ptr<Snapshot const>{};
  auto copied = Manifest{};
  {
    auto const lock = std::lock_guard{write_};
    held = snapshot();
    copied = manifest_;
  }
  TRY(auto const to, open_folder(path));
  TRY_VOID(write_key(*to, key_));
  for (auto i = std::size_t{0}; i < copied.runs.size(); ++i) {
    TRY(auto const file, to->create(copied.runs[i].name));
    TRY_VOID(file->write_at(0, held->runs[i]->bytes()));
    TRY_VOID(file->sync());
  }
  return write_manifest(*to, copied);
}

}  // namespace noroshi::know::engine
