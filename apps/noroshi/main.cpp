#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "apps/noroshi/command.hpp"
#include "apps/noroshi/output.hpp"
#include "base/log.hpp"
#include "base/version.hpp"

namespace noroshi::apps {

auto Global::words() const -> std::vector<std::string> {
  auto words = std::vector<std::string>{"--data", data};
  if (!config_file.empty()) words.insert(words.end(), {"--config", config_file});
  for (auto const &setting : settings) words.insert(words.end(), {"--set", setting});
  return words;
}

namespace {

auto default_data() -> std::string {
  if (auto const *const named = std::getenv("NOROSHI_DATA"); named != nullptr && *named != '\0') return named;
  if (auto const *const base = std::getenv("XDG_DATA_HOME"); base != nullptr && *base != '\0')
    return std::string{base} + "/noroshi";
  auto const *const home = std::getenv("HOME");
  return std::string{home != nullptr ? home : "."} + "/.local/share/noroshi";
}

auto complain(Error const &error) -> Exit {
  fmt::print(stderr, "noroshi: {}\n", error.sentence);
  return error.code == ErrorCode::malformed ? Exit::wrong_use : Exit::failed;
}

auto load_config(Global &global) -> Result<void> {
  auto const file = global.config_file.empty() ? global.data + "/noroshi.toml" : global.config_file;
  auto config = Config::load(file, !global.config_file.empty(), global.settings);
  // Whatever is wrong with the configuration is the user's to mend.
  if (!config) return Error{ErrorCode::malformed, config.error().sentence};
  global.config = *std::move(config);
  return start_log(global.config, "");
}

/// The forms of `app`, a command within a command, of all forms of that command: its lines and what goes on below them.
auto forms_of(CLI::App const &app, std::string_view forms) -> std::string {
  auto const begin = fmt::format("noroshi {} {}", app.get_parent()->get_name(), app.get_name());
  auto chosen = std::string{};
  auto is_in = false;
  while (!forms.empty()) {
    auto const line = forms.substr(0, forms.find('\n'));
    forms.remove_prefix(std::min(forms.size(), line.size() + 1));
    is_in = line.starts_with(begin) || (is_in && line.starts_with(' '));
    if (is_in) chosen += fmt::format("{}\n", line);
  }
  return chosen.empty() ? begin + " [OPTION…]\n" : chosen;
}

/// Forms first, then what the options mean.
class Help final : public CLI::Formatter {
public:
  explicit Help(std::string forms) : forms_(std::move(forms)) {}
  std::string make_description(CLI::App const *) const override { return {}; }
  std::string make_usage(CLI::App const *app, std::string) const override {
    auto const *const command = app->get_parent();
    auto const is_nested = command != nullptr && command->get_parent() != nullptr;
    return is_nested ? forms_of(*app, forms_) : forms_ + "\n";
  }

private:
  std::string forms_;
};

/// What is wrong, what may stand there where it is a command that lacks, and where to read on.
auto explain(CLI::App const *app, CLI::Error const &error) -> std::string {
  for (auto parsed = app->get_subcommands(); !parsed.empty(); parsed = app->get_subcommands()) app = parsed.front();
  auto name = std::string{};
  for (auto const *each = app; each->get_parent() != nullptr; each = each->get_parent())
    name = " " + each->get_name() + name;
  auto what = std::string{error.what()};
  if (error.get_name() == "RequiredError" && app->get_require_subcommand_min() > 0) {
    auto words = std::vector<std::string>{};
    for (auto const *each : app->get_subcommands({}))
      if (!each->get_group().empty()) words.push_back(each->get_name());
    what = fmt::format("noroshi{} wants one of these behind it: {}", name, fmt::join(words, ", "));
  }
  return fmt::format("{}noroshi{} --help tells more\n", wrapped(what, 80, ""), name);
}

auto run(int argc, char **argv) -> Exit {
  auto app = CLI::App{"Noroshi: an open threat-intelligence node"};
  auto global = Global{};
  global.data = default_data();
  app.formatter(
      std::make_shared<Help>("noroshi [--data DIR] [--config FILE] [--set KEY=VALUE]… COMMAND …\n"
                             "noroshi COMMAND --help      forms, options and examples of one command"));
  app.set_version_flag("--version", fmt::format("noroshi {}", version()));
  app.add_option("--data", global.data, "data directory (or NOROSHI_DATA)")->capture_default_str();
  app.add_option("--config", global.config_file, "configuration file; default: noroshi.toml in the data directory");
  app.add_option("--set", global.settings, "override one configuration key; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option("--lang", global.language, "language of sentences: en or ja")->check(CLI::IsMember({"en", "ja"}));
  app.require_subcommand(1);
  app.fallthrough();
  app.failure_message(explain);

  auto commands = std::vector<std::pair<CLI::App *, std::unique_ptr<Command>>>{};
  auto const &registry = Registry<Command>::instance();
  for (auto const &name : registry.names()) {
    auto command = registry.create(name);
    auto *const sub = app.add_subcommand(name, std::string{command->summary()});
    sub->formatter(std::make_shared<Help>(std::string{command->forms()}));
    if (!command->is_listed()) sub->group("");
    command->set_up(*sub);
    commands.emplace_back(sub, std::move(command));
  }
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const &error) {
    auto const asked_for_help = error.get_exit_code() == 0;
    app.exit(error);
    return asked_for_help ? Exit::done : Exit::wrong_use;
  }
  if (auto const loaded = load_config(global); !loaded) return complain(loaded.error());
  for (auto const &[sub, command] : commands) {
    if (!sub->parsed()) continue;
    auto const outcome = command->run(global);
    return outcome ? *outcome : complain(outcome.error());
  }
  return Exit::wrong_use;
}

}  // namespace
}  // namespace noroshi::apps

auto main(int argc, char **argv) -> int {
  try {
    return static_cast<int>(noroshi::apps::run(argc, argv));
  } catch (std::exception const &failure) {
    fmt::print(stderr, "noroshi: a defect: {}; please report it with the command you gave\n", failure.what());
    return static_cast<int>(noroshi::apps::Exit::failed);
  }
}
