// What the store is made of, and whether it is what was written.
#include <algorithm>

#include "know/engine/engine.hpp"
#include "know/engine/store_files.hpp"

namespace noroshi::know::engine {

namespace {

/// Numbers for files are taken beyond what was saved: only what was committed with them has to be the same.
auto is_as_saved(Manifest const &on_disk, Manifest const &known) -> bool {
  return on_disk.version == known.version && on_disk.first_log == known.first_log &&
         on_disk.key_checksum == known.key_checksum && on_disk.erasures == known.erasures && on_disk.runs == known.runs;
}

}  // namespace

auto Engine::files() -> Result<std::vector<model::IndicatorFile>> {
  auto const lock = std::lock_guard{write_};  // which runs are files must fit the snapshot
  auto const now = snapshot();
  auto all = std::vector<model::IndicatorFile>{};
  for (auto i = std::size_t{0}; i < now->runs.size(); ++i) {
    auto const &run = *now->runs[i];
    auto const in_memory = i >= manifest_.runs.size();
    auto const &facts = run.facts();
    all.push_back({in_memory ? fmt::format("memory-{}", i - manifest_.runs.size() + 1) : manifest_.runs[i].name,
                   in_memory ? "memory"
                   : i == 0  ? "base"
                             : "young",
                   facts.entries, facts.fragments, run.size(), facts.filter.bytes});
  }
  for (auto const name : {kManifestName, kKeyName})
    all.push_back({.name = std::string{name}, .tier = std::string{name}});
  TRY(auto const names, files_->names());
  for (auto const &name : names)
    if (log_number(name) >= std::max<std::uint64_t>(manifest_.first_log, 1))
      all.push_back({.name = name, .tier = "log"});
  for (auto &file : std::span{all}.subspan(now->runs.size()))
    if (auto const bytes = files_->map(file.name)) file.bytes = (*bytes)->view().size();
  return all;
}

/// What only the next start would read.
auto Engine::check_on_disk(std::string const &file) -> Result<void> {
  auto const lock = std::lock_guard{write_};
  if (file == kManifestName) {
    TRY(auto const found, read_manifest(*files_));
    if (!found) return fail(ErrorCode::malformed, "{}/{} is missing", files_->where(), kManifestName);
    // Where writing it failed, the one before may stand there, and the next commit mends that.
    if (!disk_unsure_ && !is_as_saved(*found, manifest_))
      return fail(ErrorCode::malformed, "{}/{} is not the one that was written last", files_->where(), kManifestName);
    return ok;
  }
  if (file == kKeyName) {
    TRY_VOID(read_key(*files_, manifest_));
    return ok;
  }
  TRY(auto const logs, read_logs(*files_, manifest_.first_log, manifest_.key_checksum));
  auto const log = std::ranges::find(logs.all, log_number(file), &LogFile::number);
  if (log == logs.all.end()) return fail(ErrorCode::not_found, "{} is no part of the store any more", file);
  if (log->damage.empty()) return ok;
  return fail(ErrorCode::malformed, "{}", to_sentence(*log, log->damage.front(), *files_));
}

auto Engine::check(std::string const &file) -> Result<void> {
  if (file == kManifestName || file == kKeyName || log_number(file) != 0) {
    auto const sound = check_on_disk(file);
    if (sound || sound.error().code == ErrorCode::not_found) return sound;
    return fail(sound.error().code,
                "{}; the node has what was in it: compact the store, or make a backup, before it stops",
                sound.error().sentence);
  }
  auto found = std::shared_ptr<Run const>{};
  {
    auto const lock = std::lock_guard{write_};
    auto const now = snapshot();
    for (auto i = std::size_t{0}; i < now->runs.size(); ++i) {
      auto const is_it = i < manifest_.runs.size() ? manifest_.runs[i].name == file
                                                   : fmt::format("memory-{}", i - manifest_.runs.size() + 1) == file;
      if (is_it) found = now->runs[i];
    }
  }
  if (!found) return fail(ErrorCode::not_found, "{} is no part of the store any more; it was merged meanwhile", file);
  auto checked = found->check();
  if (checked) return checked;
  return fail(checked.error().code, "{}; a backup or the sources have what was in it", checked.error().sentence);
}

}  // namespace noroshi::know::engine
