// noroshi top: what visitors said most often.
#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/listing.hpp"

namespace noroshi::apps {

namespace {

class Top final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "what visitors said most often"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi top KIND FIELD [--since TIME] [--limit N]\n\n"
           "Examples:\n"
           "  noroshi top login username\n"
           "  noroshi top request path --since 2026-11-20\n"
           "  noroshi top opened country\n"
           "  noroshi top login network\n"
           "  noroshi top command command --limit 100 --format csv";
  }
  void set_up(CLI::App &app) override {
    app.add_option("KIND", kind_, "of observation: opened, login, command, request, download, hello…")->required();
    app.add_option("FIELD", field_,
                   "whose values are counted: username, command, path, user_agent, url…; or country, network, service")
        ->required();
    app.add_option("--since", since_, "count what was received since this time (RFC 3339)");
    app.add_option("--limit", limit_, "most frequent values shown")->capture_default_str();
    add_format(app, format_);
  }
  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    auto query = net::HttpFields{{"kind", kind_}, {"field", field_}, {"limit", std::to_string(limit_)}};
    if (!since_.empty()) query.emplace_back("since", since_);
    TRY_VOID(print_list(client, "/api/v1/top", std::move(query), "values", {{"COUNT", "count"}, {"VALUE", "value"}},
                        "Nothing of that kind was observed.", format_));
    return Exit::done;
  }

private:
  std::string kind_, field_, since_;
  std::uint64_t limit_ = 20;
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, Top> const top{"top"};

}  // namespace noroshi::apps
