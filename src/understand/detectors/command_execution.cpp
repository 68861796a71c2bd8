// Command execution: commands typed into a shell, and the commands of other protocols that end in running code
// (a key-value store told to write a crontab, an authorised key, or to load a module).
#include <array>

#include "base/registry.hpp"
#include "understand/detector.hpp"

namespace noroshi::understand {

namespace {

constexpr auto kShell = Technique{"T1059", "Command and Scripting Interpreter"};
constexpr auto kCron = Technique{"T1053.003", "Scheduled Task/Job: Cron"};
constexpr auto kKeys = Technique{"T1098.004", "Account Manipulation: SSH Authorized Keys"};
constexpr auto kModules = Technique{"T1129", "Shared Modules"};

// Where commands are the protocol itself, and most of them run nothing.
constexpr auto kCommandProtocols = std::array<std::string_view, 5>{"redis", "ftp", "smtp", "imap", "pop3"};
// A command beyond this is looked at so far: an attacker's cron line stands at its beginning.
constexpr auto kLooked = std::size_t{4096};

struct Abuse {
  std::string_view has;  // in lower case
  std::string_view tag;
};

// What stands in a shell line or in a store's command, and what it is for.
constexpr auto kAbuses = std::array{
    Abuse{"/cron", "attack:T1053.003"},
    Abuse{"crontab", "attack:T1053.003"},
    Abuse{"authorized_keys", "attack:T1098.004"},
    Abuse{"/.ssh", "attack:T1098.004"},
    Abuse{"insmod ", "attack:T1129"},
};

// What makes other protocols run code: module loading, replication from a stranger's server, scripts that leave their
// sandbox, system commands of a loaded module.
constexpr auto kStoreAbuses = std::array{
    Abuse{"module load", "attack:T1129"}, Abuse{"slaveof ", "attack:T1059"}, Abuse{"replicaof ", "attack:T1059"},
    Abuse{"system.exec", "attack:T1059"}, Abuse{"eval ", "attack:T1059"},    Abuse{"site exec", "attack:T1059"},
};

/// Reused, so that a line costs no allocation.
class Lowered {
public:
  auto of(std::string_view text) -> std::string_view {
    text = text.substr(0, kLooked);
    lowered_.assign(text);
    for (auto &c : lowered_)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return lowered_;
  }

private:
  std::string lowered_;
};

class CommandExecution final : public Detector {
public:
  [[nodiscard]] auto about() const -> DetectorAbout override {
    return {"commands typed into a shell, and commands of other protocols that end in running code",
            "command observations, file observations with `file_name`",
            {kShell, kCron, kKeys, kModules}};
  }

  void look_at(DetectorInput const &input, Derived &derived) override {
    auto const &seen = input.observation;
    if (seen.kind == model::Kind::file) report_abuses(input, seen.text(model::Field::file_name), derived);
    if (seen.kind != model::Kind::command) return;
    auto const in_shell = std::ranges::find(kCommandProtocols, seen.service) == kCommandProtocols.end();
    if (in_shell) report(input, "attack:T1059", derived);
    auto const line = report_abuses(input, seen.text(model::Field::command), derived);
    if (in_shell) return;
    for (auto const &[has, tag] : kStoreAbuses)
      if (line.starts_with(has)) report(input, tag, derived);
  }

private:
  /// In a shell line, a store's command, or the name of a file that was left: gives the text in lower case.
  auto report_abuses(DetectorInput const &input, std::string_view text, Derived &derived) -> std::string_view {
    auto const lowered = lowered_.of(text);
    for (auto const &[has, tag] : kAbuses)
      if (lowered.contains(has)) report(input, tag, derived);
    return lowered;
  }

  static void report(DetectorInput const &input, std::string_view tag, Derived &derived) {
    add_finding(input, {.confidence = 90, .tag = tag}, derived);
  }

  Lowered lowered_;
};

}  // namespace

Registered<Detector, CommandExecution> const command_execution{"command_execution"};

}  // namespace noroshi::understand
