// Every file of a store, also of one that does not open: sound, damaged or missing, and what to do about it.
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>

#include "know/engine/logs.hpp"
#include "know/engine/store_files.hpp"
#include "know/indicator_store.hpp"

namespace noroshi::know::engine {

namespace {

constexpr auto kFromBackup = "restore a backup; without one, move the folder away and import the lists again";
constexpr auto kRepair =
    "restore a backup, or go on without it: \"noroshi store repair\" keeps what is sound and puts the damaged log "
    "aside";

class Inspection {
public:
  explicit Inspection(Files &files) : files_(files) {}

  auto all() -> Result<std::vector<StoreFileState>> {
    TRY(names_, files_.names());
    auto is_store = false;
    for (auto const &name : names_)
      is_store = is_store || log_number(name) != 0 || is_run(name) || name == kManifestName;
    if (!is_store) return std::vector<StoreFileState>{};
    manifest();
    key();
    runs();
    TRY_VOID(logs());
    return std::move(found_);
  }

private:
  static auto is_run(std::string_view name) -> bool { return name.starts_with("run-") && !name.ends_with(".tmp"); }

  auto add(std::string_view name, std::string_view tier) -> StoreFileState & {
    auto &file = found_.emplace_back();
    file.name = name;
    file.tier = tier;
    file.state = "sound";
    if (auto const bytes = files_.map(file.name)) file.bytes = (*bytes)->view().size();
    return file;
  }
  static void bad(StoreFileState &file, std::string state, std::string problem, std::string_view next) {
    file.state = std::move(state);
    file.problem = std::move(problem);
    file.next = next;
  }
  void unreadable(StoreFileState &file, Error const &error) const {
    auto const is_newer = error.code == ErrorCode::conflict;
    auto const is_there = std::ranges::find(names_, file.name) != names_.end();
    bad(file,
        is_newer   ? "unchecked"
        : is_there ? "damaged"
                   : "missing",
        error.sentence, is_newer ? "update the program" : kFromBackup);
  }

  void manifest() {
    auto &file = add(kManifestName, "manifest");
    auto read = read_manifest(files_);
    if (!read) return unreadable(file, read.error());
    if (!*read) return bad(file, "missing", "without it nobody knows which files count", kFromBackup);
    manifest_ = **read;
  }

  void key() {
    auto &file = add(kKeyName, "key");
    if (std::ranges::find(names_, kKeyName) == names_.end())
      return bad(file, "missing", "without it nothing in the store is found", kFromBackup);
    if (!manifest_) return bad(file, "unchecked", "its checksum is in the manifest", "");
    auto const key = read_key(files_, *manifest_);
    if (!key) return unreadable(file, key.error());
  }

  /// Those that the manifest names; without it all.
  void runs() {
    auto names = std::vector<std::string>{};
    if (manifest_)
      for (auto const &run : manifest_->runs) names.push_back(run.name);
    else
      std::ranges::copy_if(names_, std::back_inserter(names), is_run);
    for (auto const &name : names) run(name, name == names.front() ? "base" : "young");
  }
  void run(std::string const &name, std::string_view tier) {
    auto &file = add(name, tier);
    auto const run = open_run(files_, name);
    if (!run) return unreadable(file, run.error());
    file.indicators = (*run)->facts().entries;
    file.contexts = (*run)->facts().fragments;
    file.filter_bytes = (*run)->facts().filter.bytes;
    if (auto const checked = (*run)->check(); !checked)
      bad(file, "damaged", checked.error().sentence, "restore a backup, or import the lists again that were in it");
  }

  auto logs() -> Result<void> {
    if (!manifest_) {
      for (auto const &name : names_)
        if (log_number(name) != 0) bad(add(name, "log"), "unchecked", "the manifest tells which logs count", "");
      return ok;
    }
    TRY(auto const logs, read_logs(files_, manifest_->first_log, manifest_->key_checksum));
    for (auto const &log : logs.all) {
      auto &file = add(log_name(log.number), "log");
      if (log.damage.empty()) continue;
      auto problem = to_sentence(log, log.damage.front(), files_);
      if (log.damage.size() > 1) problem += fmt::format(", and in {} more places", log.damage.size() - 1);
      bad(file, log.bytes ? "damaged" : "missing", std::move(problem), kRepair);
    }
    return ok;
  }

  Files &files_;
  std::vector<std::string> names_;
  std::optional<Manifest> manifest_;
  std::vector<StoreFileState> found_;
};

}  // namespace

}  // namespace noroshi::know::engine

namespace noroshi::know {

auto inspect_indicator_store(std::string const &path) -> Result<std::vector<StoreFileState>> {
  if (auto error = std::error_code{}; !std::filesystem::is_directory(path, error)) return std::vector<StoreFileState>{};
  TRY(auto const files, engine::open_folder(path));
  return engine::Inspection{*files}.all();
}

}  // namespace noroshi::know
