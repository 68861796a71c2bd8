#include <algorithm>
#include <set>

#include "base/log.hpp"
#include "know/engine/engine.hpp"
#include "know/engine/store_files.hpp"
#include "know/indicator_store.hpp"

namespace noroshi::know::engine {

namespace {

// Looking at each of so many runs for every entry costs about what writing the entry does.
constexpr auto kReplayedTogether = std::size_t{16};
// Records that hold more are worth a merge of their own.
constexpr auto kReplayedEntries = std::uint64_t{4096};

/// A raise may be among what was lost; what its source said afterwards, in a log or in a load's file, tells of it.
void raise_to(Erasures &erasures, DescriptorHead const &head) {
  if (head.generation == 0) return;
  auto &generation = erasures.generations[head.source];
  generation = std::max(generation, head.generation);
}

/// What to do about a file without which the store does not open.
template <class T>
auto with_advice(Result<T> opened) -> Result<T> {
  if (!opened && opened.error().code == ErrorCode::malformed)
    return fail(ErrorCode::malformed,
                "{}; restore a backup. \"noroshi store check\" tells of every file whether it is sound",
                opened.error().sentence);
  return opened;
}

}  // namespace

auto Engine::open(std::unique_ptr<Files> files, EngineOptions options) -> Result<std::unique_ptr<Engine>> {
  auto engine = std::unique_ptr<Engine>{new Engine{std::move(files), options}};
  TRY_VOID(engine->take_up());
  if (options.in_background) engine->keeper_ = std::thread{[raw = engine.get()] { raw->work(); }};
  return engine;
}

auto Engine::repair(std::unique_ptr<Files> files, EngineOptions options) -> Result<StoreRepair> {
  options.in_background = false;
  options.repairs = true;
  auto engine = std::unique_ptr<Engine>{new Engine{std::move(files), options}};
  TRY_VOID(engine->take_up());
  if (engine->repair_.lost.empty()) return engine->repair_;
  ++engine->version_;  // even where nothing was kept, the manifest leaves the damaged logs behind
  TRY_VOID(engine->flush());
  return engine->repair_;
}

Engine::~Engine() {
  ending_ = true;
  {
    auto const lock = std::lock_guard{wake_mutex_};
    wake_.notify_all();
  }
  if (keeper_.joinable()) keeper_.join();
}

auto Engine::take_up() -> Result<void> {
  TRY(auto manifest, with_advice(read_manifest(*files_)));
  auto const is_new = !manifest.has_value();
  if (is_new) TRY_VOID(check_empty());
  manifest_ = std::move(manifest).value_or(Manifest{});
  TRY_VOID(load_key(is_new));
  if (is_new) TRY_VOID(write_manifest(*files_, manifest_));
  auto start = Snapshot{};
  start.erasures = manifest_.erasures;
  for (auto const &file : manifest_.runs) {
    TRY(auto run, with_advice(open_run(*files_, file.name)));
    version_ = std::max(version_, run->facts().highest_version);  // a load's is beyond what was flushed
    start.runs.push_back(std::move(run));
  }
  file_runs_ = start.runs.size();
  version_ = std::max(version_, manifest_.version);
  cursors_ = manifest_.cursors;
  publish(std::move(start));
  TRY_VOID(replay_logs());
  // On a disk that cannot be written now, what is stored can still be asked.
  if (auto const removed = remove_strangers(); !removed) log_error("indicators: {}", removed.error().sentence);
  return ok;
}

/// Without a manifest there may be nothing that one would name: it was lost then, and a new store would delete the
/// rest.
auto Engine::check_empty() -> Result<void> {
  TRY(auto const names, files_->names());
  for (auto const &name : names)
    if (log_number(name) != 0 || (name.starts_with("run-") && !name.ends_with(".tmp")))
      return fail(ErrorCode::malformed,
                  "{}/{} is missing, and without it nobody knows which of the files there count; restore a backup",
                  files_->where(), kManifestName);
  return ok;
}

/// Without its key a store finds nothing: so it is there before the first run is.
auto Engine::load_key(bool is_new) -> Result<void> {
  if (!is_new) {
    TRY(key_, with_advice(read_key(*files_, manifest_)));
    return ok;
  }
  key_ = StoreKey::generate();
  manifest_.key_checksum = checksum_of(key_);
  return write_key(*files_, key_);
}

/// Files that a crash left behind: a run whose manifest was never written, a log that is in the runs already.
auto Engine::remove_strangers() -> Result<void> {
  auto known = std::set<std::string, std::less<>>{std::string{kManifestName}, std::string{kKeyName}};
  for (auto const &run : manifest_.runs) known.insert(run.name);
  TRY(auto const names, files_->names());
  for (auto const &name : names) {
    auto const number = log_number(name);
    auto const ours = number != 0 || name.starts_with("run-") || name.starts_with("scratch-") || name.ends_with(".tmp");
    if (!ours || known.contains(name) || number >= manifest_.first_log) continue;
    TRY_VOID(files_->remove(name));
  }
  return ok;
}

auto Engine::replay_logs() -> Result<void> {
  TRY(auto const logs, read_logs(*files_, manifest_.first_log, manifest_.key_checksum));
  manifest_.next_file = std::max(manifest_.next_file, logs.highest + 1);
  TRY_VOID(set_aside(logs));
  auto next = Snapshot{*snapshot()};
  for (auto const &log : logs.all) {
    if (log.torn > 0)
      log_info("indicators: the last {} bytes of {} were not whole; nobody was told that they are stored", log.torn,
               log_name(log.number));
    if (!log.counts) continue;
    TRY_VOID(replay(log, next));
    log_number_ = log.number;
    log_bytes_ = log.end;
  }
  // After the log's raises, which count up from the manifest's.
  if (options_.repairs)
    for (auto const &run : next.runs)
      for (auto i = std::uint32_t{0}; i < run->descriptors(); ++i) raise_to(next.erasures, head_of(run->descriptor(i)));
  // A record that a killed process left to the system's cache counts from now on, and the next log will say so.
  if (log_number_ != 0) TRY_VOID(files_->sync(log_name(log_number_)));
  if (log_number_ != 0) TRY_VOID(purge_small(next, file_runs_));
  publish(std::move(next));
  return ok;
}

/// Damage is not passed over, for the next log would make it final.
auto Engine::set_aside(Logs const &logs) -> Result<void> {
  for (auto const &log : logs.all) {
    if (log.damage.empty()) continue;
    auto const &first = log.damage.front();
    if (!options_.repairs)
      return fail(
          ErrorCode::malformed,
          "{}; it was stored, and is lost here. Restore a backup, or go on without it: \"noroshi store repair\" "
          "keeps what is sound and puts the damaged log aside. \"noroshi store check\" tells of every file "
          "whether it is sound",
          to_sentence(log, first, *files_));
    for (auto const &damage : log.damage) repair_.lost.push_back(to_sentence(log, damage, *files_));
    if (!log.bytes) continue;
    auto name = fmt::format("damaged-{}", log_name(log.number));
    TRY_VOID(replace_file(*files_, name, log.bytes->view()));
    repair_.set_aside.push_back(std::move(name));
  }
  return ok;
}

/// Nobody asks in between, so records are not merged one by one, as commits are, but some at once.
auto Engine::replay(LogFile const &log, Snapshot &next) -> Result<void> {
  auto fresh = std::size_t{0};
  auto entries = std::uint64_t{0};
  auto const merge_fresh = [&]() -> Result<void> {
    if (fresh > 1) TRY_VOID(merge_last(next, fresh));
    fresh = 0;
    entries = 0;
    return merge_small(next);
  };
  for (auto const body : log.bodies) {
    auto const read = from_body(body);
    if (!read)
      return fail(ErrorCode::malformed, "{}/{} has a record that this version does not read; update the program",
                  files_->where(), log_name(log.number));
    auto const &batch = *read;
    auto &reached = cursors_[batch.stream];
    if (batch.position <= reached) continue;
    ++repair_.kept;
    reached = batch.position;
    version_ = std::max(version_, batch.version);
    erase(next.erasures, batch);
    for (auto i = std::uint32_t{0}; options_.repairs && i < batch.descriptors.size(); ++i)
      raise_to(next.erasures, head_of(batch.descriptors[i]));
    if (batch.entries.empty()) continue;
    TRY(auto run, run_of(batch));
    entries += run->facts().entries;
    next.runs.push_back(std::move(run));
    if (++fresh == kReplayedTogether || entries >= kReplayedEntries) TRY_VOID(merge_fresh());
  }
  return merge_fresh();
}

}  // namespace noroshi::know::engine

namespace noroshi::know {

auto open_indicator_store(std::string path, Clock const &clock) -> Result<std::unique_ptr<model::IndicatorStore>> {
  TRY(auto files, engine::open_folder(std::move(path)));
  TRY(auto store, engine::Engine::open(std::move(files), {.clock = &clock}));
  return std::unique_ptr<model::IndicatorStore>{std::move(store)};
}

auto repair_indicator_store(std::string path) -> Result<StoreRepair> {
  TRY(auto files, engine::open_folder(std::move(path)));
  return engine::Engine::repair(std::move(files), {});
}

}  // namespace noroshi::know
