// noroshi days: the days of observations, and the holds that keep them from retention.
#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/listing.hpp"

namespace noroshi::apps {

namespace {

class Days final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "days of observations, and holds on them"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi days                                   list them\n"
           "noroshi days hold NAME --from DAY --to DAY     keep them past observations.retention\n"
           "noroshi days release NAME                      retention takes them again\n\n"
           "Example:\n"
           "  noroshi days hold case-17 --from 2026-11-01 --to 2026-11-03";
  }
  void set_up(CLI::App &app) override {
    app.require_subcommand(0, 1);
    add_format(app, format_);
    hold_ = app.add_subcommand("hold", "keep days from retention");
    hold_->add_option("NAME", name_, "of the case")->required();
    hold_->add_option("--from", from_, "first day")->required();
    hold_->add_option("--to", to_, "last day")->required();
    release_ = app.add_subcommand("release", "lift a hold");
    release_->add_option("NAME", name_, "of the case")->required();
  }

  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    if (hold_->parsed()) {
      TRY_VOID(client.post_object("/api/v1/days/hold", {{"name", name_}, {"from", from_}, {"to", to_}}));
      print(fmt::format("{} to {} are kept for {}.\n", from_, to_, name_));
      return Exit::done;
    }
    if (release_->parsed()) {
      TRY_VOID(client.post_object("/api/v1/days/release", {{"name", name_}}));
      print(fmt::format("The hold {} is lifted.\n", name_));
      return Exit::done;
    }
    TRY_VOID(print_list(client, "/api/v1/days", {}, "days",
                        {{"DAY", "day"},
                         {"OBSERVATIONS", "rows"},
                         {"CLOSED", "closed"},
                         {"HELD", "held"},
                         {"SIZE", "bytes", Column::Kind::size}},
                        "Nothing was observed yet.", format_));
    return Exit::done;
  }

private:
  CLI::App *hold_ = nullptr;
  CLI::App *release_ = nullptr;
  std::string name_, from_, to_;
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, Days> const days{"days"};

}  // namespace noroshi::apps
