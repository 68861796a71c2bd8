// noroshi manual, noroshi completion: what the program says of itself, as a man page and for shells. Packages are made
// with them, so that neither can differ from the program.
#include <algorithm>

#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "apps/noroshi/command.hpp"
#include "apps/noroshi/output.hpp"
#include "base/version.hpp"

namespace noroshi::apps {

namespace {

struct Described {
  std::string name;
  std::unique_ptr<Command> command;
  std::unique_ptr<CLI::App> app;
};

auto described() -> std::vector<Described> {
  auto all = std::vector<Described>{};
  for (auto const &name : Registry<Command>::instance().names()) {
    auto one = Described{name, Registry<Command>::instance().create(name), std::make_unique<CLI::App>("", name)};
    if (!one.command->is_listed()) continue;
    one.command->set_up(*one.app);
    all.push_back(std::move(one));
  }
  return all;
}

auto nested_of(CLI::App const &app) -> std::vector<CLI::App const *> {
  return app.get_subcommands([](CLI::App const *) { return true; });
}

/// Names of its nested commands, then long names of its options and of theirs, each once.
auto words_of(CLI::App const &app) -> std::vector<std::string> {
  auto words = std::vector<std::string>{};
  auto const add = [&](std::string word) {
    if (std::ranges::find(words, word) == words.end()) words.push_back(std::move(word));
  };
  for (auto const *nested : nested_of(app)) add(nested->get_name());
  for (auto const *option : app.get_options())
    for (auto const &name : option->get_lnames()) add("--" + name);
  for (auto const *nested : nested_of(app))
    for (auto &word : words_of(*nested)) add(std::move(word));
  return words;
}

/// groff reads a leading dot or quote as a request, and a backslash as its own (groff(7)).
auto roff(std::string_view text) -> std::string {
  auto out = std::string{};
  auto line_begins = true;
  for (auto const c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out.push_back(c);
    line_begins = c == '\n';
  }
  return out;
}

/// As --help shows them: their names, and what they mean.
auto options_of(CLI::App const &app) -> std::string {
  auto page = std::string{};
  for (auto const *option : app.get_options()) {
    if (option->get_lnames().empty() || option->get_lnames()[0] == "help") continue;
    page += fmt::format(".TP\n.B {}\n{}\n", roff(option->get_name(false, true)), roff(option->get_description()));
  }
  return page;
}

auto commands_section() -> std::string {
  auto page = std::string{".SH COMMANDS\n"};
  for (auto const &[name, command, app] : described()) {
    page +=
        fmt::format(".SS {}\n{}.\n.PP\n.nf\n{}\n.fi\n", roff(name), roff(command->summary()), roff(command->forms()));
    page += options_of(*app);
    for (auto const *nested : nested_of(*app)) {
      auto const options = options_of(*nested);
      if (options.empty()) continue;
      page += fmt::format(".PP\n{} {}: {}\n{}", roff(name), roff(nested->get_name()), roff(nested->get_description()),
                          options);
    }
  }
  return page;
}

auto manual() -> std::string {
  auto page = fmt::format(".TH NOROSHI 1 \"\" \"noroshi {}\" \"Noroshi\"\n", version());
  page += ".SH NAME\nnoroshi \\- open threat\\-intelligence node\n.SH SYNOPSIS\n";
  page += ".B noroshi\n" + roff("[--data DIR] [--config FILE] [--set KEY=VALUE]… COMMAND …") + "\n";
  page += ".SH DESCRIPTION\n" +
          roff(
              "One program that holds conversations with attackers, keeps what they did, and answers who that was and "
              "what they wanted. \"noroshi init\" makes a data directory, \"noroshi serve\" runs a node on it; every "
              "other command asks that node, or opens the data directory itself where none runs.") +
          "\n" + commands_section() + ".SH CONFIGURATION\nKeys of noroshi.toml and of \\-\\-set.\n";
  for (auto const &[name, key] : ConfigKeyBase::all())
    page += fmt::format(".TP\n.B {}\n{}\n", roff(name), roff(key->help));
  page +=
      ".SH EXIT STATUS\n.TP\n0\ndone\n.TP\n1\nno value known, or something did not answer in full\n.TP\n2\nwrong use\n"
      ".TP\n3\nfailed\n.SH ENVIRONMENT\n.TP\n.B NOROSHI_DATA\ndata directory, where \\-\\-data is not given\n"
      ".SH FILES\n.TP\n.I /etc/noroshi/noroshi.toml\nconfiguration of the service\n"
      ".TP\n.I /var/lib/noroshi\ndata directory of the service\n";
  return page;
}

constexpr auto kGlobalWords = std::string_view{"--data --config --set --lang --help --version"};

auto names_of(std::vector<Described> const &commands) -> std::string {
  auto names = std::vector<std::string>{};
  for (auto const &each : commands) names.push_back(each.name);
  return fmt::format("{}", fmt::join(names, " "));
}

auto bash() -> std::string {
  auto const commands = described();
  auto script = std::string{
      "_noroshi() {\n  local word=${COMP_WORDS[COMP_CWORD]} command= i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n    case ${COMP_WORDS[i]} in\n"
      "      --data | --config | --set | --lang) ((i++)) ;;\n      -*) ;;\n"
      "      *) command=${COMP_WORDS[i]}; break ;;\n    esac\n  done\n"
      "  case ${COMP_WORDS[COMP_CWORD - 1]} in\n"
      "    --data) mapfile -t COMPREPLY < <(compgen -d -- \"$word\"); return ;;\n"
      "    --config) mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); return ;;\n  esac\n  local words\n"
      "  case $command in\n"};
  script += fmt::format("    '') words='{} {}' ;;\n", names_of(commands), kGlobalWords);
  for (auto const &each : commands)
    script += fmt::format("    {}) words='{}' ;;\n", each.name, fmt::join(words_of(*each.app), " "));
  script +=
      "  esac\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
      "  [ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n}\n"
      "complete -o filenames -F _noroshi noroshi\n";
  return script;
}

auto zsh() -> std::string {
  auto script = std::string{
      "#compdef noroshi\nlocal -a commands\nlocal command= i\n"
      "for ((i = 2; i < CURRENT; i++)); do\n  case ${words[i]} in\n    --data | --config | --set | --lang) ((i++)) ;;\n"
      "    -*) ;;\n    *) command=${words[i]}; break ;;\n  esac\ndone\ncase $command in\n  '') commands=(\n"};
  auto const commands = described();
  auto quoted = [](std::string_view text) {
    auto out = std::string{};
    for (auto const c : text) out += c == '\'' ? std::string{"'\\''"} : c == ':' ? std::string{"\\:"} : std::string{c};
    return out;
  };
  for (auto const &each : commands) script += fmt::format("    '{}:{}'\n", each.name, quoted(each.command->summary()));
  script += "  ); _describe command commands ;;\n";
  for (auto const &each : commands)
    script += fmt::format("  {}) compadd -- {}; _files ;;\n", each.name, fmt::join(words_of(*each.app), " "));
  return script + "esac\n";
}

auto fish() -> std::string {
  auto script = std::string{};
  for (auto const &[name, command, app] : described()) {
    auto about = std::string{command->summary()};
    for (auto at = about.find('\''); at != std::string::npos; at = about.find('\'', at + 2))
      about.replace(at, 1, "\\'");
    script += fmt::format("complete -c noroshi -n __fish_use_subcommand -a {} -d '{}'\n", name, about);
    for (auto const &word : words_of(*app))
      script +=
          word.starts_with("--")
              ? fmt::format("complete -c noroshi -n '__fish_seen_subcommand_from {}' -l {}\n", name, word.substr(2))
              : fmt::format("complete -c noroshi -n '__fish_seen_subcommand_from {}' -a {}\n", name, word);
  }
  return script;
}

class Manual final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "the manual page, for man"; }
  [[nodiscard]] auto forms() const -> std::string_view override { return "noroshi manual | man -l -"; }
  void set_up(CLI::App &) override {}
  auto run(Global const &) -> Result<Exit> override {
    print(manual());
    return Exit::done;
  }
};

class Completion final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "completion for a shell"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi completion bash|zsh|fish\n\nExample:\n  source <(noroshi completion bash)";
  }
  void set_up(CLI::App &app) override {
    app.add_option("shell", shell_, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }
  auto run(Global const &) -> Result<Exit> override {
    print(shell_ == "bash" ? bash() : shell_ == "zsh" ? zsh() : fish());
    return Exit::done;
  }

private:
  std::string shell_;
};

}  // namespace

Registered<Command, Manual> const manual_command{"manual"};
Registered<Command, Completion> const completion_command{"completion"};

}  // namespace noroshi::apps
