// noroshi init: a data directory with its organisation and first administrator.
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "apps/noroshi/command.hpp"
#include "apps/noroshi/node.hpp"
#include "know/catalogue.hpp"

namespace noroshi::apps {

namespace {

class Init final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override {
    return "make a data directory, its keys and the first administrator";
  }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi [--data DIR] init [--organisation NAME] [--administrator NAME] [--if-missing]";
  }
  void set_up(CLI::App &app) override {
    app.add_option("--organisation", organisation_, "whose node this is")->capture_default_str();
    app.add_option("--administrator", administrator_, "name of the first user")->capture_default_str();
    app.add_flag("--if-missing", if_missing_,
                 "do nothing where there is one; make no key (for services: a log keeps it)");
  }

  auto run(Global const &global) -> Result<Exit> override {
    auto const directory = DataDirectory{global.data};
    if (if_missing_ && std::filesystem::exists(directory.catalogue())) return Exit::done;
    if (std::filesystem::exists(directory.catalogue()))
      return fail(ErrorCode::conflict, "{} is a data directory already; nothing was changed", directory.path);
    TRY_VOID(check_owner(directory.path));
    TRY_VOID(make_private_folder(directory.path));
    TRY_VOID(make_catalogue(directory));
    TRY(auto const node, Node::open(directory, global.config));  // makes the other stores
    return Exit::done;
  }

private:
  auto make_catalogue(DataDirectory const &directory) const -> Result<void> {
    TRY(auto const catalogue,
        know::open_catalogue(
            {.path = directory.catalogue(), .organisation = organisation_, .administrator = administrator_}));
    fmt::print("Data directory:  {}\nAdministrator:   {}\n", directory.path, administrator_);
    if (if_missing_) return ok;
    TRY(auto const administrator, catalogue->local_administrator());
    TRY(auto const key, catalogue->add_key(administrator_, "made by init", std::nullopt, administrator));
    fmt::print(
        "API key:         {}\n\n"
        "The key is shown this once; only its hash is kept. Commands on this machine need none.\n"
        "Next: noroshi --data {} serve\n",
        key, directory.path);
    return ok;
  }

  static auto make_private_folder(std::string const &path) -> Result<void> {
    auto error = std::error_code{};
    for (auto const &entry : std::filesystem::directory_iterator{path, error})
      if (entry.path().filename() != "noroshi.toml")
        return fail(ErrorCode::conflict, "{} holds other files ({}); name a folder of its own", path,
                    entry.path().filename().string());
    std::filesystem::create_directories(path, error);
    if (error) return file_error(error.value(), "cannot create the data directory", path);
    if (::chmod(path.c_str(), 0700) != 0) return file_error(errno, "cannot restrict the data directory", path);
    return ok;
  }

  std::string organisation_ = "my organisation";
  std::string administrator_ = "admin";
  bool if_missing_ = false;
};

}  // namespace

Registered<Command, Init> const init{"init"};

}  // namespace noroshi::apps
