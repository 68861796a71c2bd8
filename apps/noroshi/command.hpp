// A subcommand: one file, registered on its last line. main() builds the command line from the registry.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "base/registry.hpp"
#include "base/result.hpp"

namespace CLI {
class App;
}

namespace noroshi::apps {

/// What the shell sees. 1: no value known, or somebody did not answer in full. 2: wrong use, a broken configuration
/// among it. 3: failed.
enum class Exit : int { done = 0, incomplete = 1, wrong_use = 2, failed = 3 };

/// What every command gets: the options that stand before it.
struct Global {
  std::string data;                   // data directory
  std::string config_file;            // empty: DATA/noroshi.toml, where there is one
  std::vector<std::string> settings;  // --set KEY=VALUE
  std::string language = "en";
  Config config;  // effective

  /// The options as words, for a child process that is to see the same.
  [[nodiscard]] auto words() const -> std::vector<std::string>;
};

class Command {
public:
  virtual ~Command() = default;
  /// One line for the list of commands.
  [[nodiscard]] virtual auto summary() const -> std::string_view = 0;
  /// Forms and examples, shown first by --help. Lines begin with "noroshi".
  [[nodiscard]] virtual auto forms() const -> std::string_view = 0;
  /// False for commands that only the program itself starts.
  [[nodiscard]] virtual auto is_listed() const -> bool { return true; }
  /// Declares options and nested commands.
  virtual void set_up(CLI::App &app) = 0;
  /// An error ends with its sentence on stderr: malformed as wrong use, everything else as failed.
  virtual auto run(Global const &global) -> Result<Exit> = 0;
};

}  // namespace noroshi::apps
