// noroshi decoys: the child process of serve and sense. Not for people.
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "apps/noroshi/command.hpp"
#include "apps/noroshi/sense_settings.hpp"
#include "base/confine.hpp"
#include "base/log.hpp"
#include "base/packs.hpp"
#include "base/version.hpp"
#include "sense/run.hpp"

namespace noroshi::apps {

namespace {

class Decoys final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override {
    return "the decoys process; serve and sense start it";
  }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi decoys --spool DIR --lifeline DESCRIPTOR [--activated COUNT] [--packs DIR]";
  }
  [[nodiscard]] auto is_listed() const -> bool override { return false; }
  void set_up(CLI::App &app) override {
    app.add_option("--spool", spool_, "folder that takes the sealed segments")->required();
    app.add_option("--lifeline", lifeline_, "descriptor of a pipe; the process ends when its other end closes")
        ->required();
    app.add_option("--activated", activated_, "listening sockets handed over, from descriptor 3 on");
    app.add_option("--packs", packs_, "folder with packs; default: those that the program ships");
  }
  auto run(Global const &global) -> Result<Exit> override {
    TRY_VOID(start_log(global.config, "decoys"));
    auto options = sense::RunOptions{};
    options.spool_folder = spool_;
    options.kept_folder = global.data + "/decoys";
    options.lifeline = lifeline_;
    options.activated = activated_;
    options.version = std::string{version()};
    options.packs_folder = packs_;
    if (packs_.empty()) {
      TRY(options.packs_folder, packs_folder());
    }
    if (::geteuid() == 0) {
      TRY(options.run_as, find_user(global.config.get(kSenseUser)));
    }
    TRY_VOID(sense::run_decoys(global.config, options));
    return Exit::done;
  }

private:
  std::string spool_, packs_;
  int lifeline_ = -1;
  int activated_ = 0;
};

}  // namespace

Registered<Command, Decoys> const decoys_command{"decoys"};

}  // namespace noroshi::apps
