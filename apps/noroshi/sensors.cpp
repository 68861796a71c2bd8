// noroshi sensors: who reports to this node.
#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/listing.hpp"

namespace noroshi::apps {

namespace {

class Sensors final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "who reports to this node"; }
  [[nodiscard]] auto forms() const -> std::string_view override { return "noroshi sensors"; }
  void set_up(CLI::App &app) override { add_format(app, format_); }
  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    TRY_VOID(print_list(client, "/api/v1/sensors", {}, "sensors",
                        {{"NAME", "name"},
                         {"LAST SEEN (UTC)", "last_seen", Column::Kind::time},
                         {"OBSERVATIONS", "observations"},
                         {"SPOOL", "spool_bytes", Column::Kind::size},
                         {"DROPPED", "drops"},
                         {"CLOCK OFF BY (s)", "clock_offset_s"},
                         {"VERSION", "version"}},
                        "No sensor has reported yet.", format_));
    return Exit::done;
  }

private:
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, Sensors> const sensors{"sensors"};

}  // namespace noroshi::apps
