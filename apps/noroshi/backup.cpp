// noroshi backup, noroshi restore: a node's data directory, copied while it runs, and put back.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "apps/noroshi/backup_folder.hpp"
#include "apps/noroshi/client.hpp"
#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/node.hpp"
#include "apps/noroshi/output.hpp"
#include "base/folder_copy.hpp"
#include "codec/json_writer.hpp"
#include "net/uplink.hpp"

namespace noroshi::apps {

namespace {

namespace fs = std::filesystem;

auto is_empty_or_missing(std::string const &folder) -> bool {
  auto error = std::error_code{};
  // A link to nothing: what it means to say would come to be somewhere else.
  if (fs::is_symlink(fs::symlink_status(folder, error)) && !fs::exists(folder, error)) return false;
  return !fs::exists(folder, error) || (fs::is_directory(folder, error) && fs::is_empty(folder, error));
}

/// `path` is `folder` or below it, whatever links lead there.
auto is_within(std::string const &path, std::string const &folder) -> bool {
  auto error = std::error_code{};
  auto const real_path = fs::weakly_canonical(path, error);
  if (error) return true;  // links in a circle and the like: no place for a copy
  auto const real_folder = fs::weakly_canonical(fs::absolute(folder, error), error);
  auto const relative = real_path.lexically_relative(real_folder);
  return !relative.empty() && *relative.begin() != "..";
}

/// Removes a copy that came to nothing, so that its place can be used again: all below `folder`, and `folder` itself
/// where it was made for the copy.
class Scaffold {
public:
  explicit Scaffold(std::string folder) : folder_(std::move(folder)), was_there_(fs::exists(folder_, unheard_)) {}
  Scaffold(Scaffold const &) = delete;
  auto operator=(Scaffold const &) -> Scaffold & = delete;
  ~Scaffold() {
    if (kept_) return;
    for (auto const &entry : fs::directory_iterator{folder_, unheard_}) fs::remove_all(entry.path(), unheard_);
    if (!was_there_) fs::remove(folder_, unheard_);
  }
  void keep() { kept_ = true; }

private:
  std::error_code unheard_;  // what cannot be removed is in nobody's way: without its end a copy is none
  std::string folder_;
  bool was_there_;
  bool kept_ = false;
};

// A key of 32 bytes and a number.
constexpr auto kMaxSpoolFact = std::size_t{4096};
constexpr auto kForDecoys = mode_t{0644};  // they may run as another user

/// What visitors would miss of the spool: the secret behind the choice of personas, and the count of starts, which
/// names batches. What waits there to be handed in is no part of a backup.
auto copy_spool_facts(std::string const &spool, std::string const &to) -> Result<void> {
  auto const folder = open_file(spool, O_RDONLY | O_DIRECTORY);
  if (!folder) return ok;  // nothing has listened here yet
  if (::mkdir(to.c_str(), 0700) != 0) return file_error(errno, "cannot make the folder", to);
  for (auto const &[name, mode] : {std::pair{"persona.key", mode_t{0600}}, std::pair{"epoch", kForDecoys}}) {
    // The decoys can write here, and a visitor may have taken them over.
    auto const bytes = net::read_untrusted_file(*folder, name, kMaxSpoolFact);
    if (!bytes) continue;
    TRY_VOID(write_file_durably(fmt::format("{}/{}", to, name), *bytes, mode));
  }
  return ok;
}

/// The catalogue comes last and at once: before it is there, no command takes the folder for a data directory.
auto put_back(std::string const &backup, DataDirectory const &directory) -> Result<void> {
  auto const manifest = backup + "/" + kManifest;
  auto const catalogue = DataDirectory{backup}.catalogue();
  TRY_VOID(copy_folder(backup, directory.path, [&](std::string const &path) {
    return path == manifest || path == catalogue ? CopyHow::leave_out : CopyHow::copy;
  }));
  if (::chmod(directory.path.c_str(), 0700) != 0)
    return file_error(errno, "cannot restrict the folder", directory.path);
  auto const arriving = directory.catalogue() + ".tmp";
  auto error = std::error_code{};
  fs::copy_file(catalogue, arriving, error);
  if (error) return file_error(error.value(), "cannot write", arriving);
  TRY(auto const file, open_file(arriving, O_RDONLY));
  if (::fsync(file.get()) != 0 || ::rename(arriving.c_str(), directory.catalogue().c_str()) != 0)
    return file_error(errno, "cannot finish", directory.catalogue());
  return sync_folder(directory.path);
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
           "What waits in the spool to be handed in is not in it.\n"
           "It holds keys and log-in secrets as the data directory does: keep it as safe.";
  }
  void set_up(CLI::App &app) override { app.add_option("folder", folder_, "where the copy goes")->required(); }
  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    auto const folder = fs::absolute(folder_).lexically_normal().string();
    TRY(auto const done, client.post_object("/api/v1/backup", {{"folder", folder}}));
    if (auto error = std::error_code{}; !fs::exists(folder, error))
      return fail(ErrorCode::unavailable,
                  "the node wrote the backup {}, but it is not there for you: a service has a /tmp of its own; name "
                  "another folder, such as one below /var/backups/noroshi",
                  folder);
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
    TRY_VOID(check_owner(directory.path));
    TRY(auto const summary, check_backup(folder_));
    auto error = std::error_code{};
    fs::create_directories(fs::absolute(directory.path).parent_path(), error);
    auto scaffold = Scaffold{directory.path};
    TRY_VOID(put_back(folder_, directory));
    TRY(auto const node, Node::open(directory, global.config));
    TRY_VOID(node->applier().catch_up());
    scaffold.keep();
    print(fmt::format("{}: {} files from {}. Next: noroshi --data {} serve\n", directory.path, summary.files, folder_,
                      directory.path));
    return Exit::done;
  }

private:
  std::string folder_;
};

}  // namespace

auto Node::backup(std::string const &folder) -> Result<std::string> {
  if (!fs::path{folder}.is_absolute() || is_within(folder, directory_.path))
    return fail(ErrorCode::malformed, "{}: name an absolute path outside the data directory", folder);
  auto const one_at_a_time = std::lock_guard{backups_mutex_};
  if (!is_empty_or_missing(folder))
    return fail(ErrorCode::conflict, "{} is not empty; a backup needs a folder of its own", folder);
  auto scaffold = Scaffold{folder};
  {
    // The indicators first: the catalogue then holds every change that they have, and maybe more, which are replayed.
    auto const reports = std::lock_guard{changes_mutex_};
    auto const group = applier_->hold();
    TRY_VOID(copy_folder(directory_.path, folder, [&](std::string const &path) {
      auto const own = path == directory_.lock() || path == directory_.spool() || path == directory_.observations() ||
                       path.starts_with(directory_.catalogue()) || path.starts_with(directory_.indicators()) ||
                       path.starts_with(directory_.imports());
      // A mount can lead back here too, and then a copy would copy itself.
      if (auto error = std::error_code{}; fs::equivalent(path, folder, error)) return CopyHow::leave_out;
      return own ? CopyHow::leave_out : CopyHow::copy;
    }));
    auto const copy = DataDirectory{folder};
    TRY_VOID(copy_spool_facts(directory_.spool(), copy.spool()));
    TRY_VOID(indicators_->copy_to(copy.indicators()));
    TRY_VOID(catalogue_->copy_to(copy.catalogue()));
    TRY_VOID(observations_->copy_to(copy.observations()));
    // Behind the intake log: parts whose batches are not in the copy are forgotten when it is opened.
    TRY_VOID(ledger_->copy_to(copy.imports()));
  }
  TRY(auto const summary, seal_backup(folder));
  scaffold.keep();
  auto body = std::string{};
  auto json = codec::JsonWriter{body};
  json.begin_object().member("folder", folder).member("files", summary.files).member("bytes", summary.bytes);
  json.end_object();
  return body;
}

Registered<Command, Backup> const backup_command{"backup"};
Registered<Command, Restore> const restore_command{"restore"};

}  // namespace noroshi::apps
