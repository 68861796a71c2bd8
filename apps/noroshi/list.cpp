// noroshi list: the parts that this program was built with, straight from the registries.
#include <CLI/CLI.hpp>

#include "apps/noroshi/command.hpp"
#include "apps/noroshi/output.hpp"
#include "codec/json_writer.hpp"
#include "sense/decoy.hpp"
#include "serve/endpoint.hpp"
#include "share/writer.hpp"
#include "understand/detector.hpp"
#include "understand/feeds/feed.hpp"
#include "understand/reader.hpp"

namespace noroshi::apps {

namespace {

struct Part {
  std::string name, about;
  std::string techniques = {};  // with their names
  std::vector<std::string> technique_ids = {};
  std::string needs = {};
};

template <class Interface>
auto names_of() -> std::vector<Part> {
  auto parts = std::vector<Part>{};
  for (auto const &name : Registry<Interface>::instance().names()) parts.push_back({name, ""});
  return parts;
}

auto detectors() -> std::vector<Part> {
  auto parts = std::vector<Part>{};
  for (auto const &name : Registry<understand::Detector>::instance().names()) {
    auto const about = Registry<understand::Detector>::instance().create(name)->about();
    auto techniques = std::string{};
    auto ids = std::vector<std::string>{};
    for (auto const &[id, title] : about.techniques) {
      techniques += fmt::format("{}{} {}", techniques.empty() ? "" : "; ", id, title);
      ids.emplace_back(id);
    }
    parts.push_back({name, std::string{about.what}, techniques, ids, std::string{about.needs}});
  }
  return parts;
}

auto commands() -> std::vector<Part> {
  auto parts = std::vector<Part>{};
  for (auto const &name : Registry<Command>::instance().names()) {
    auto const command = Registry<Command>::instance().create(name);
    if (command->is_listed()) parts.push_back({name, std::string{command->summary()}});
  }
  return parts;
}

auto readers() -> std::vector<Part> {
  auto parts = std::vector<Part>{};
  auto const &registry = Registry<understand::LogReader>::instance();
  for (auto const &name : registry.names()) parts.push_back({name, std::string{registry.create(name)->about()}});
  return parts;
}

auto formats() -> std::vector<Part> {
  auto parts = std::vector<Part>{};
  auto const &registry = Registry<share::Writer>::instance();
  for (auto const &name : registry.names())
    parts.push_back({name, std::string{registry.create(name)->about().summary}});
  return parts;
}

auto feeds() -> std::vector<Part> {
  auto parts = std::vector<Part>{};
  auto const &registry = Registry<understand::FeedFormat>::instance();
  for (auto const &name : registry.names()) parts.push_back({name, std::string{registry.create(name)->about()}});
  return parts;
}

auto settings() -> std::vector<Part> {
  auto parts = std::vector<Part>{};
  for (auto const &[name, key] : ConfigKeyBase::all()) parts.push_back({std::string{name}, std::string{key->help}});
  return parts;
}

struct Catalogue {
  std::string_view name, help;
  std::vector<Part> (*parts)();
};

constexpr auto kCatalogues = std::array{
    Catalogue{"commands", "subcommands of this program", commands},
    Catalogue{"decoys", "what the sensor can pretend to be", names_of<sense::Decoy>},
    Catalogue{"detectors", "what recognises tools and attacks", detectors},
    Catalogue{"endpoints", "what the API answers", names_of<serve::Endpoint>},
    Catalogue{"feeds", "formats of indicators that noroshi import reads", feeds},
    Catalogue{"formats", "in which observations and indicators are exported", formats},
    Catalogue{"readers", "logs that noroshi import reads", readers},
    Catalogue{"settings", "keys of the configuration", settings},
};

class List final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "the parts this program was built with"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi list commands|decoys|detectors|endpoints|feeds|formats|readers|settings";
  }
  void set_up(CLI::App &app) override {
    app.require_subcommand(1);
    add_format(app, format_);
    for (auto const &catalogue : kCatalogues)
      app.add_subcommand(std::string{catalogue.name}, std::string{catalogue.help})->callback([this, &catalogue] {
        chosen_ = &catalogue;
      });
  }

  auto run(Global const &) -> Result<Exit> override {
    auto const parts = chosen_->parts();
    auto const has = [&](std::string Part::*column) {
      return std::ranges::any_of(parts, [&](Part const &part) { return !(part.*column).empty(); });
    };
    auto const detailed = has(&Part::needs);
    auto const has_about = has(&Part::about);
    auto table = detailed    ? Table{{"NAME", "TECHNIQUE", "WHAT", "NEEDS"}}
                 : has_about ? Table{{"NAME", "WHAT"}}
                             : Table{{"NAME"}};
    for (auto const &[name, about, techniques, technique_ids, needs] : parts) {
      if (format_ == Format::json) {
        auto line = std::string{};
        auto json = codec::JsonWriter{line};
        json.begin_object().member("name", name).member("about", about);
        if (detailed) json.member("techniques", technique_ids).member("needs", needs);
        json.end_object();
        print(line + "\n");
      } else if (detailed) {
        table.add({name, techniques, about, needs});
      } else if (has_about) {
        table.add({name, about});
      } else {
        table.add({name});
      }
    }
    if (format_ != Format::json) print(table, format_);
    return Exit::done;
  }

private:
  Catalogue const *chosen_ = nullptr;
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, List> const list{"list"};

}  // namespace noroshi::apps
