// noroshi config: every configuration key, and what holds now.
#include <CLI/CLI.hpp>

#include "apps/noroshi/command.hpp"
#include "apps/noroshi/output.hpp"
#include "codec/json_writer.hpp"

namespace noroshi::apps {

namespace {

class ShowConfig final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "configuration keys and what holds now"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi config show [--format table|json|csv]\n\n"
           "Without --format: as TOML that noroshi.toml takes, each key with its meaning and unit.\n\n"
           "Example:\n"
           "  noroshi config show > DATA/noroshi.toml";
  }
  void set_up(CLI::App &app) override {
    app.require_subcommand(1);
    show_ = app.add_subcommand("show", "print the effective configuration");
    add_format(*show_, format_);
  }

  auto run(Global const &global) -> Result<Exit> override {
    if (show_->count("--format") == 0) {
      print(global.config.to_toml());
      return Exit::done;
    }
    auto table = Table{{"KEY", "VALUE", "FROM", "UNIT", "MEANING"}};
    for (auto const &[name, key] : ConfigKeyBase::all()) {
      auto const value = global.config.text(*key);
      auto const origin = global.config.origin(*key);
      if (format_ == Format::json)
        print(as_json(*key, value, origin));
      else
        table.add({std::string{name}, value, std::string{origin}, std::string{key->unit}, std::string{key->help}});
    }
    if (format_ != Format::json) print(table, format_);
    return Exit::done;
  }

private:
  static auto as_json(ConfigKeyBase const &key, std::string_view value, std::string_view origin) -> std::string {
    auto line = std::string{};
    auto json = codec::JsonWriter{line};
    json.begin_object().member("key", key.name).member("value", value).member("from", origin).member("unit", key.unit);
    json.member("default", key.default_text).member("help", key.help).end_object();
    return line + "\n";
  }

  CLI::App *show_ = nullptr;
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, ShowConfig> const config{"config"};

}  // namespace noroshi::apps
