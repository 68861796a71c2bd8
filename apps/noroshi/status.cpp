// noroshi status: how the node, its decoys and its sensors are.
#include <map>

#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/output.hpp"
#include "base/text.hpp"

namespace noroshi::apps {

namespace {

namespace json = boost::json;

auto duration_of(json::object const &object, std::string_view name) -> std::string {
  auto const *const member = object.if_contains(name);
  auto error = json::error_code{};
  auto const seconds = member == nullptr ? 0 : member->to_number<std::int64_t>(error);
  if (member == nullptr || error) return "-";
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} min", seconds / 60);
  return seconds < 172'800 ? fmt::format("{} h", seconds / 3600) : fmt::format("{} days", seconds / 86'400);
}

/// "tor" → "Tor", "carrier_nat" → "Carrier NAT".
auto title_of(std::string word) -> std::string {
  for (auto const &[plain, title] : {std::pair{"asn", "AS"}, std::pair{"vpn", "VPN"}, std::pair{"cdn", "CDN"},
                                     std::pair{"carrier_nat", "Carrier NAT"}, std::pair{"dynamic_dns", "Dynamic DNS"},
                                     std::pair{"never", "Never blocked"}, std::pair{"proxy", "Open proxy"}})
    if (word == plain) return title;
  if (!word.empty() && word[0] >= 'a' && word[0] <= 'z') word[0] = static_cast<char>(word[0] - 32);
  return word;
}

auto head(json::object const &status) -> std::string {
  auto const &stores = object_of(status, "stores");
  auto const &observations = object_of(stores, "observations");
  auto const &indicators = object_of(stores, "indicators");
  auto text = flag_of(status, "running")
                  ? fmt::format("{}: up for {}, {} observations/s\n", printable(text_of(status, "organisation")),
                                duration_of(status, "uptime"), text_of(status, "events_per_second"))
                  : fmt::format("{}: no node is running; this is what its stores hold\n",
                                printable(text_of(status, "organisation")));
  text += fmt::format("observations  {} of {} sources, {}\n", text_of(observations, "rows"),
                      text_of(observations, "sources"), size_of(observations, "bytes"));
  text += fmt::format("indicators    {} with {} contexts, {}\n", text_of(indicators, "indicators"),
                      text_of(indicators, "contexts"), size_of(indicators, "bytes"));
  auto const &spool = object_of(status, "spool");
  if (!spool.empty())
    text +=
        fmt::format("spool         {}, {} observations dropped\n", size_of(spool, "bytes"), text_of(spool, "drops"));
  for (auto const *part : {"spool", "intake"})
    if (auto const trouble = text_of(object_of(status, part), "trouble"); !trouble.empty())
      text += fmt::format("TROUBLE       {}: {}\n", part, printable(trouble));
  for (auto const &entry : list_of(status, "never"))
    if (auto const problem = text_of(object_of(entry), "problem"); !problem.empty())
      text += fmt::format("TROUBLE       never-list: {}: {}\n", printable(text_of(object_of(entry), "place")),
                          printable(problem));
  return text;
}

auto listeners(json::object const &status) -> Table {
  auto table = Table{{"DECOY", "PERSONA", "TRANSPORT", "ADDRESS", "PORT"}};
  for (auto const &entry : list_of(status, "listeners")) {
    auto const &one = object_of(entry);
    table.add({text_of(one, "decoy"), text_of(one, "persona"), text_of(one, "transport"), text_of(one, "address"),
               text_of(one, "port")});
  }
  return table;
}

auto protections(json::object const &status) -> Table {
  auto table = Table{{"PROTECTION", "ROLE", "ACTIVE", "WHY NOT"}};
  for (auto const &entry : list_of(status, "protections")) {
    auto const &one = object_of(entry);
    auto const active = flag_of(one, "active");
    table.add(
        {text_of(one, "name"), text_of(one, "role"), active ? "yes" : "NO", active ? "" : text_of(one, "reason")});
  }
  return table;
}

auto sensors(json::object const &status) -> Table {
  auto table = Table{{"SENSOR", "LAST SEEN (UTC)", "OBSERVATIONS", "SPOOL", "DROPPED", "CLOCK OFF BY (s)", "VERSION"}};
  for (auto const &entry : list_of(status, "sensors")) {
    auto const &one = object_of(entry);
    table.add({text_of(one, "name"), time_of(one, "last_seen"), text_of(one, "observations"),
               size_of(one, "spool_bytes"), text_of(one, "drops"), text_of(one, "clock_offset_s"),
               text_of(one, "version")});
  }
  return table;
}

/// "Tor: no source" in one line for all that has none, then a table of what there is.
auto without_source(json::object const &status) -> std::string {
  auto none = std::string{};
  for (auto const &entry : list_of(status, "where")) {
    auto const &one = object_of(entry);
    if (text_of(one, "name").empty() && text_of(one, "problem").empty() && text_of(one, "place").empty())
      none += fmt::format("{}{}: no source", none.empty() ? "" : ", ", title_of(text_of(one, "what")));
  }
  return none.empty() ? none : "\nWHERE FROM    " + none + "\n";
}

/// One row for each kind of list, and one for each list that has a problem; --format json has them all.
auto where_table(json::object const &status) -> Table {
  struct Row {
    std::string name, date;
    std::uint64_t lists = 0, entries = 0;
  };
  auto order = std::vector<std::string>{};
  auto rows = std::map<std::string, Row>{};
  auto table = Table{{"WHERE FROM", "SOURCE", "NEWEST", "ENTRIES", "PROBLEM"}};
  for (auto const *part : {"where", "never"})
    for (auto const &entry : list_of(status, part)) {
      auto const &one = object_of(entry);
      auto const what = title_of(text_of(one, "what"));
      if (auto const problem = text_of(one, "problem"); !problem.empty())
        table.add({what, printable(text_of(one, "place")), text_of(one, "date"), text_of(one, "entries"),
                   printable(problem)});
      if (text_of(one, "name").empty()) continue;
      if (!rows.contains(what)) order.push_back(what);
      auto &row = rows[what];
      row.name = ++row.lists == 1 ? printable(text_of(one, "name")) : fmt::format("{} lists", row.lists);
      row.date = std::max(row.date, text_of(one, "date"));
      auto error = json::error_code{};
      row.entries += one.at("entries").to_number<std::uint64_t>(error);
    }
  for (auto const &what : order) {
    auto const &row = rows[what];
    table.add({what, row.name, row.date, std::to_string(row.entries), ""});
  }
  return table;
}

auto unknown_commands(json::object const &status) -> Table {
  auto table = Table{{"UNKNOWN COMMAND", "COUNT"}};
  for (auto const &entry : list_of(status, "unknown_commands"))
    table.add({text_of(object_of(entry), "command"), text_of(object_of(entry), "count")});
  return table;
}

class Status final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override {
    return "how the node, its decoys and its sensors are";
  }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi status\n\n"
           "Listeners, protections, sensors, stores, and commands that visitors typed and no decoy knew.";
  }
  void set_up(CLI::App &app) override { add_format(app, format_); }

  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    if (format_ == Format::json) {
      TRY(auto const body, client.get("/api/v1/status"));
      print(body + "\n");
      return Exit::done;
    }
    TRY(auto const status, client.get_object("/api/v1/status"));
    if (format_ == Format::csv) {
      print(sensors(status), format_);
      return Exit::done;
    }
    print(head(status));
    for (auto const &table : {listeners(status), protections(status), sensors(status), unknown_commands(status)})
      if (!table.empty()) print("\n" + table.text(terminal_width()));
    print(without_source(status));
    if (auto const table = where_table(status); !table.empty()) print("\n" + table.text(terminal_width()));
    return Exit::done;
  }

private:
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, Status> const status{"status"};

}  // namespace noroshi::apps
