// noroshi backup, noroshi restore: a node's data directory, copied while it runs, and put back.
#include <filesystem>

#include <CLI/CLI.hpp>

#include "apps/noroshi/backup_folder.hpp"
#include "apps/noroshi/client.hpp"
#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/node.hpp"
#include "apps/noroshi/output.hpp"
#include "base/folder_copy.hpp"
#include "search/json_writer.hpp"

namespace noroshi::apps {

namespace {

namespace fs = std::filesystem;

auto is_empty_or_missing(std::string const &folder) -> bool {
  auto error = std::error_code{};
  return !fs::exists(folder, error) || (fs::is_directory(folder, error) && fs::is_empty(folder, error));
}

class Backup final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override {
    return "copy the data directory, also of a running node";
  }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi backup FOLDER              FOLDER is made; it must be empty\n\n"
           "The copy is whole and of one moment: what sensors hand in meanwhile is acknowledged and applied "
           "afterwards.\n"
           "It holds keys and log-in secrets as the data directory does: keep it as safe.";
  }
  void set_up(CLI::App &app) override { app.add_option("folder", folder_, "where the copy goes")->required(); }
  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    auto const folder = fs::absolute(folder_).lexically_normal().string();
    TRY(auto const done, client.post_object("/api/v1/backup", {{"folder", folder}}));
    print(fmt::format("{}: {} files, {}. To put it back: noroshi --data NEW restore {}\n", folder,
                      text_of(done, "files"), size_of(done, "bytes"), folder));
    return Exit::done;
  }

private:
  std::string folder_;
};

class Restore final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "make a data directory from a backup"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi --data DIR restore FOLDER  DIR must be empty or missing\n\n"
           "Every file of the backup is checked before the first one is copied.";
  }
  void set_up(CLI::App &app) override { app.add_option("folder", folder_, "a folder that `backup` made")->required(); }
  auto run(Global const &global) -> Result<Exit> override {
    auto const directory = DataDirectory{global.data};
    if (!is_empty_or_missing(directory.path))
      return fail(ErrorCode::conflict, "{} is not empty; nothing was changed. Name a new folder with --data",
                  directory.path);
    TRY(auto const summary, check_backup(folder_));
    auto error = std::error_code{};
    fs::create_directories(fs::absolute(directory.path).parent_path(), error);
    auto const manifest = folder_ + "/" + kManifest;
    TRY_VOID(copy_folder(folder_, directory.path, [&](std::string const &path) {
      return path == manifest ? CopyHow::leave_out : CopyHow::copy;
    }));
    TRY(auto const node, Node::open(directory, global.config));
    TRY_VOID(node->applier().catch_up());
    print(fmt::format("{}: {} files from {}. Next: noroshi --data {} serve\n", directory.path, summary.files, folder_,
                      directory.path));
    return Exit::done;
  }

private:
  std::string folder_;
};

}  // namespace

auto Node::backup(std::string const &folder) -> Result<std::string> {
  auto const inside = fs::path{folder}.lexically_relative(fs::absolute(directory_.path)).string();
  if (!fs::path{folder}.is_absolute() || (!inside.empty() && !inside.starts_with("..")))
    return fail(ErrorCode::malformed, "{}: name an absolute path outside the data directory", folder);
  if (!is_empty_or_missing(folder))
    return fail(ErrorCode::conflict, "{} is not empty; a backup needs a folder of its own", folder);
  {
    // The indicators first: the catalogue then holds every change that they have, and maybe more, which are replayed.
    auto const reports = std::lock_guard{changes_mutex_};
    auto const group = applier_->hold();
    TRY_VOID(copy_folder(directory_.path, folder, [&](std::string const &path) {
      auto const own = path == directory_.lock() || path == directory_.spool() || path == directory_.observations() ||
                       path.starts_with(directory_.catalogue()) || path.starts_with(directory_.indicators()) ||
                       path.starts_with(directory_.imports());
      return own ? CopyHow::leave_out : CopyHow::copy;
    }));
    auto const copy = DataDirectory{folder};
    TRY_VOID(indicators_->copy_to(copy.indicators()));
    TRY_VOID(catalogue_->copy_to(copy.catalogue()));
    TRY_VOID(observations_->copy_to(copy.observations()));
    // Behind the intake log: parts whose batches are not in the copy are forgotten when it is opened.
    TRY_VOID(ledger_->copy_to(copy.imports()));
  }
  TRY(auto const summary, seal_backup(folder));
  auto body = std::string{};
  auto json = search::JsonWriter{body};
  json.begin_object().member("folder", folder).member("files", summary.files).member("bytes", summary.bytes);
  json.end_object();
  return body;
}

Registered<Command, Backup> const backup_command{"backup"};
Registered<Command, Restore> const restore_command{"restore"};

}  // namespace noroshi::apps
