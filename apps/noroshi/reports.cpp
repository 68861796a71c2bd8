// noroshi report: what analysts write down about values.
#include <boost/json/array.hpp>

#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/given_id.hpp"
#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/listing.hpp"
#include "apps/noroshi/values_input.hpp"
#include "base/text.hpp"

namespace noroshi::apps {

namespace {

namespace json = boost::json;

class Reports final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "write down what is known about values"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi report                                       list them\n"
           "noroshi report add --title TITLE [OPTION…] VALUE…\n"
           "noroshi report add --title TITLE [OPTION…] -f FILE   one value a line; - is standard input\n"
           "noroshi report withdraw ID                           as if it had never been added\n\n"
           "A report is taken whole or not at all. `noroshi report add --help` lists the options.\n\n"
           "Example:\n"
           "  noroshi report add --title 'Winter botnet' --role c2 --tlp green c2[.]example[.]com";
  }
  void set_up(CLI::App &app) override {
    app.require_subcommand(0, 1);
    add_format(app, format_);
    add_ = app.add_subcommand("add", "add a report");
    add_->add_option("VALUE", values_, "values, defanged or not");
    add_->add_option("-f,--file", file_, "file with one value a line; - is standard input");
    add_->add_option("--title", title_, "what it is about")->required();
    add_->add_option("--source", source_, "who says so; default: analyst/YOU");
    add_->add_option("--role", role_, "scanner, c2, download, phishing, relay, victim, benign, reference");
    add_->add_option("--tlp", tlp_, "clear, green, amber, amber+strict or red; default: amber");
    add_->add_option("--confidence", confidence_, "0 to 100; default: 50")->check(CLI::Range(0, 100));
    add_->add_option("--tag", tags_, "a tag on every value; may be repeated")->allow_extra_args(false);
    add_->add_option("--expires", expires_, "date or RFC 3339 time after which it no longer counts");
    add_->add_flag("--subtree", subtree_, "domains stand for every name below them too");
    add_->add_flag("--to-ids", to_ids_, "fit for automatic detection and blocking");
    withdraw_ = app.add_subcommand("withdraw", "take a report back");
    add_id(*withdraw_, id_, "noroshi report");
  }

  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    if (add_->parsed()) return add(client);
    if (withdraw_->parsed()) {
      TRY_VOID(of_given_id(client.post_object(fmt::format("/api/v1/reports/{}/withdraw", id_), {})));
      print(fmt::format("Report {} is withdrawn; what it said is no longer found.\n", id_));
      return Exit::done;
    }
    TRY_VOID(print_list(client, "/api/v1/reports", {}, "reports",
                        {{"ID", "id"},
                         {"CREATED (UTC)", "created", Column::Kind::time},
                         {"SOURCE", "source"},
                         {"WITHDRAWN", "withdrawn"},
                         {"TITLE", "title"}},
                        "There are no reports yet.", format_));
    return Exit::done;
  }

private:
  auto add(Client &client) -> Result<Exit> {
    TRY(auto const body, report());
    TRY(auto const report, client.post_object("/api/v1/reports", body));
    print(fmt::format("Report {} of {}: {} values. Taken back by: noroshi report withdraw {}\n", text_of(report, "id"),
                      printable(text_of(report, "source")), text_of(report, "values"), text_of(report, "id")));
    return Exit::done;
  }

  auto report() -> Result<json::object> {
    auto list = json::array{};
    TRY_VOID(
        each_values(values_, file_, std::size_t{100'000}, [&](std::vector<std::string> const &values) -> Result<void> {
          for (auto const &value : values)
            list.emplace_back(json::string{is_utf8(value) ? value : lossless_utf8(value)});
          return ok;
        }));
    if (list.empty()) return fail(ErrorCode::malformed, "a report needs values, on the command line or with -f FILE");
    auto body = json::object{{"title", title_}, {"values", std::move(list)}, {"to_ids", to_ids_}};
    for (auto const &[name, text] :
         {std::pair{"source", source_}, {"role", role_}, {"tlp", tlp_}, {"expires", expires_}})
      if (!text.empty()) body[name] = text;
    if (confidence_ >= 0) body["confidence"] = confidence_;
    if (subtree_) body["scope"] = "subtree";
    if (!tags_.empty()) body["tags"] = json::array(tags_.begin(), tags_.end());
    return body;
  }

  CLI::App *add_ = nullptr;
  CLI::App *withdraw_ = nullptr;
  std::vector<std::string> values_, tags_;
  std::string file_, title_, source_, role_, tlp_, expires_;
  int confidence_ = -1;
  bool subtree_ = false;
  bool to_ids_ = false;
  std::int64_t id_ = 0;
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, Reports> const reports{"report"};

}  // namespace noroshi::apps
