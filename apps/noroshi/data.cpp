// noroshi data fitness: what one's data can answer, and what not.
#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/output.hpp"
#include "base/text.hpp"

namespace noroshi::apps {

namespace {

namespace json = boost::json;

auto holdings(json::object const &answer) -> Table {
  auto table = Table{{"TYPE", "ROLE", "INDICATORS", "FIRST SEEN (UTC)", "LAST SEEN (UTC)", "SOURCE"}};
  table.keep({3, 4});
  for (auto const &entry : list_of(answer, "indicators")) {
    auto const &one = object_of(entry);
    table.add({text_of(one, "type"), text_of(one, "role"), text_of(one, "indicators"), time_of(one, "first_seen"),
               time_of(one, "last_seen"), text_of(one, "source")});
  }
  return table;
}

auto observed(json::object const &answer) -> std::string {
  auto const &observations = object_of(answer, "observations");
  auto text = fmt::format("\nObservations: {} on {} days", text_of(observations, "observations"),
                          text_of(observations, "days"));
  if (auto const first = text_of(observations, "first_day"); !first.empty() && first != "-")
    text += fmt::format(", {} to {}", first, text_of(observations, "last_day"));
  auto services = std::string{};
  for (auto const &entry : list_of(observations, "services"))
    services += fmt::format("{}{} ({})", services.empty() ? "" : ", ", printable(text_of(object_of(entry), "service")),
                            text_of(object_of(entry), "visits"));
  if (!services.empty())
    text += fmt::format("\nVisits since {}: {}", text_of(observations, "services_since"), services);
  return text + "\n";
}

auto sentences(json::object const &answer, std::string_view name) -> std::string {
  auto text = std::string{};
  for (auto const &entry : list_of(answer, name))
    text += wrapped(printable(text_of(object_of(entry), "sentence")), terminal_width(), "  ");
  return text;
}

class Data final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "what your data can answer, and what not"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi data fitness\n\n"
           "Counts indicators by type, role and source with their time spans, and the days of observations; then says\n"
           "in sentences what a search can find here and what it cannot. Reads every indicator once: seconds for a\n"
           "hundred million.\n\n"
           "Examples:\n"
           "  noroshi data fitness\n"
           "  noroshi data fitness --format json | jq -r '.cannot[].sentence'";
  }
  void set_up(CLI::App &app) override {
    app.require_subcommand(1, 1);
    auto *const fitness = app.add_subcommand("fitness", "what a search can find here, and what it cannot");
    add_format(*fitness, format_);
  }
  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    if (format_ == Format::json) {
      TRY(auto const answer, client.get("/api/v1/fitness"));
      print(answer + "\n");
      return Exit::done;
    }
    TRY(auto const answer, client.get_object("/api/v1/fitness"));
    auto const table = holdings(answer);
    if (format_ == Format::csv || !table.empty()) print(table, format_);
    if (format_ == Format::csv) return Exit::done;
    if (auto const more = text_of(answer, "indicators_left_out"); more != "0")
      print(fmt::format("and {} smaller ones\n", more));
    print(observed(answer));
    if (auto const can = sentences(answer, "can"); !can.empty()) print("\nWhat it can answer\n" + can);
    if (auto const cannot = sentences(answer, "cannot"); !cannot.empty()) print("\nWhat it cannot\n" + cannot);
    return Exit::done;
  }

private:
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, Data> const data{"data"};

}  // namespace noroshi::apps
