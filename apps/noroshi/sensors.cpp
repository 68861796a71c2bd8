// noroshi sensors: who reports to this node; enrolment, revocation, configuration, distrust.
#include <boost/json/serialize.hpp>

#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/listing.hpp"
#include "base/config_value.hpp"
#include "base/text.hpp"
#include "codec/json_writer.hpp"

namespace noroshi::apps {

namespace {

namespace json = boost::json;

/// A span of time as configuration writes it: 90s, 36h, 30d.
auto parse_span(std::string_view option, std::string const &text) -> Result<Duration> {
  auto const span = config::parse<Duration>(text);
  if (span && span->count() > 0) return *span;
  return fail(ErrorCode::malformed, "{} {}: write a span of time, as in 90s, 30min, 24h or 7d", option,
              printable(text));
}

/// A point in time: RFC 3339, a date, or how long ago.
auto parse_since(std::string const &text) -> Result<Time> {
  if (auto const ago = config::parse<Duration>(text)) return system_clock().now() - *ago;
  auto const time = parse_rfc3339(text);
  if (time) return *time;
  return fail(ErrorCode::malformed,
              "--since {}: write a time (2026-11-21T09:30:00Z), a date (2026-11-21) or how long ago (2h, 3d)",
              printable(text));
}

auto configuration_of(json::object const &sensor) -> std::string {
  auto const &configuration = object_of(sensor, "configuration");
  auto const wanted = text_of(configuration, "wanted");
  auto const applied = text_of(configuration, "applied");
  if (!text_of(configuration, "trouble").empty()) return fmt::format("{}, {} REFUSED", applied, wanted);
  return wanted == applied ? applied : fmt::format("{}, {} to come", applied, wanted);
}

class Sensors final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override {
    return "who reports to this node; enrol, revoke, configure, distrust";
  }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi sensors                                          list them\n"
           "noroshi sensors enrol NAME [--expires 24h] [--address HOST:PORT]…   a one-time code for another machine\n"
           "noroshi sensors revoke NAME                              its key is not accepted any more, at once\n"
           "noroshi sensors config NAME [--set KEY=VALUE]… [--unset KEY]…       show or change what it is told\n"
           "noroshi sensors config --all [--set KEY=VALUE]… [--unset KEY]…      the same for all sensors\n"
           "noroshi sensors distrust NAME --since TIME [--reason TEXT]   withdraw what was derived from it since then\n"
           "noroshi sensors trust NAME                               from now on it is believed again\n\n"
           "TIME: 2026-11-21T09:30:00Z, 2026-11-21, or how long ago (2h).\n\n"
           "Examples:\n"
           "  noroshi sensors enrol rack2 --address node.example.org:8788\n"
           "  noroshi sensors config rack2 --set sense.listen=telnet@router:0.0.0.0:23,http@nginx:0.0.0.0:80\n"
           "  noroshi sensors distrust rack2 --since 2h --reason 'its host was broken into'";
  }
  void set_up(CLI::App &app) override {
    app.require_subcommand(0, 1);
    add_format(app, format_);
    enrol_ = app.add_subcommand("enrol", "print a one-time code with which a sensor joins");
    enrol_->add_option("NAME", name_)->required();
    enrol_->add_option("--expires", expires_, "how long the code is good")->capture_default_str();
    enrol_->add_option("--address", addresses_,
                       "where the sensor finds this node; default: peer.advertise, peer.listen");
    revoke_ = app.add_subcommand("revoke", "put a sensor out");
    revoke_->add_option("NAME", name_)->required();
    config_ = app.add_subcommand("config", "show or change what a sensor is told");
    config_->add_option("NAME", name_);
    config_->add_flag("--all", all_, "all sensors, where they have no setting of their own");
    config_->add_option("--set", set_, "set one sense.… key; may be repeated")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    config_->add_option("--unset", unset_, "take one back; may be repeated")->type_name("KEY")->allow_extra_args(false);
    distrust_ = app.add_subcommand("distrust", "withdraw everything derived from a sensor since a time");
    distrust_->add_option("NAME", name_)->required();
    distrust_->add_option("--since", since_, "by when the node received it")->type_name("TIME")->required();
    distrust_->add_option("--reason", reason_, "kept in the audit, and shown");
    trust_ = app.add_subcommand("trust", "believe a sensor again, from now on");
    trust_->add_option("NAME", name_)->required();
  }

  auto run(Global const &global) -> Result<Exit> override {
    TRY_VOID(check_name());
    TRY(auto client, Client::open(global));
    if (enrol_->parsed()) return enrol(client);
    if (revoke_->parsed()) return revoke(client);
    if (config_->parsed()) return configure(client);
    if (distrust_->parsed()) return distrust(client);
    if (trust_->parsed()) return trust(client);
    return list(client);
  }

private:
  /// What could not stand in the path of a request; the node checks the rest.
  [[nodiscard]] auto check_name() const -> Result<void> {
    auto const named = enrol_->parsed() || revoke_->parsed() || distrust_->parsed() || trust_->parsed();
    if (!(named && name_.empty()) && !name_.contains('/')) return ok;
    return fail(ErrorCode::malformed, "\"{}\" is no sensor's name: letters, digits and . _ - @ make one",
                printable(name_));
  }

  [[nodiscard]] auto path(std::string_view act) const -> std::string {
    return fmt::format("/api/v1/sensors/{}/{}", name_, act);
  }

  auto list(Client &client) -> Result<Exit> {
    TRY(auto const answer, client.get_object("/api/v1/sensors"));
    auto const csv = format_ == Format::csv;
    auto table = csv ? Table{{"name", "state", "last_seen", "clock_offset_s", "spool_bytes", "drops", "observations",
                              "space", "configuration", "version"}}
                     : Table{{"NAME", "STATE", "LAST SEEN (UTC)", "CLOCK (s)", "SPOOL", "DROPS", "OBSERVATIONS",
                              "SPACE", "CONFIG", "VERSION"}};
    for (auto const &entry : list_of(answer, "sensors")) {
      auto const &one = object_of(entry);
      if (format_ == Format::json) {
        auto line = std::string{};
        codec::JsonWriter{line}.value(entry);
        print(line + "\n");
        continue;
      }
      auto const offset = one.contains("clock_offset_s") ? one.at("clock_offset_s").to_number<double>() : 0.0;
      table.add({text_of(one, "name"), text_of(one, "state"),
                 csv ? text_of(one, "last_seen") : time_of(one, "last_seen"), fmt::format("{:.1f}", offset),
                 csv ? text_of(one, "spool_bytes") : size_of(one, "spool_bytes"), text_of(one, "drops"),
                 text_of(one, "observations"), text_of(one, "space"), configuration_of(one), text_of(one, "version")});
    }
    if (format_ != Format::json) print(table, format_);
    if (format_ == Format::table) print(remarks(answer));
    return Exit::done;
  }

  /// What does not fit a table: why somebody is not believed, or does not obey.
  static auto remarks(json::object const &answer) -> std::string {
    auto text = std::string{};
    for (auto const &entry : list_of(answer, "sensors")) {
      auto const &one = object_of(entry);
      auto const name = printable(text_of(one, "name"));
      if (!text_of(one, "distrusted_since").empty())
        text += fmt::format("{}: distrusted since {} UTC{}{}\n", name, time_of(one, "distrusted_since"),
                            text_of(one, "distrust_reason").empty() ? "" : ": ",
                            printable(text_of(one, "distrust_reason")));
      if (auto const trouble = text_of(object_of(one, "configuration"), "trouble"); !trouble.empty())
        text += fmt::format("{}: {}\n", name, printable(trouble));
    }
    return text;
  }

  auto enrol(Client &client) -> Result<Exit> {
    TRY(auto const life, parse_span("--expires", expires_));
    auto body = json::object{{"expires_s", std::chrono::duration_cast<std::chrono::seconds>(life).count()}};
    if (!addresses_.empty()) body["addresses"] = json::array(addresses_.begin(), addresses_.end());
    TRY(auto const made, client.post_object(path("enrol"), body));
    if (format_ == Format::json) {
      print(json::serialize(made) + "\n");
      return Exit::done;
    }
    print(fmt::format(
        "{}\n\nThis code lets one machine join as sensor {}, once, until {} UTC. It is shown this once.\n"
        "It leads to {}.\nOn that machine: noroshi --data DIR sense --join CODE\n"
        "(--join - reads the code from standard input, so that it stands in no process list.)\n",
        text_of(made, "code"), printable(text_of(made, "name")), time_of(made, "expires"), text_of(made, "addresses")));
    return Exit::done;
  }

  auto revoke(Client &client) -> Result<Exit> {
    TRY_VOID(client.post_object(path("revoke"), {}));
    print(
        fmt::format("{} is revoked: its key is not accepted any more. What it reported stays; "
                    "noroshi sensors distrust withdraws it.\n",
                    printable(name_)));
    return Exit::done;
  }

  auto configure(Client &client) -> Result<Exit> {
    if (name_.empty() == !all_) return fail(ErrorCode::malformed, "name one sensor, or say --all");
    if (all_) name_ = "*";
    if (set_.empty() && unset_.empty()) {
      TRY_VOID(print_list(client, path("config"), {}, "settings", {{"KEY", "key"}, {"VALUE", "value"}},
                          "Nothing is set; sensors have their own defaults (noroshi config show).", format_));
      return Exit::done;
    }
    auto settings = json::object{};
    for (auto const &setting : set_) {
      auto const equals = setting.find('=');
      if (equals == std::string::npos)
        return fail(ErrorCode::malformed, "--set {}: write KEY=VALUE", printable(setting));
      settings[setting.substr(0, equals)] = setting.substr(equals + 1);
    }
    TRY(auto const answer, client.post_object(path("config"), {{"set", std::move(settings)},
                                                               {"unset", json::array(unset_.begin(), unset_.end())}}));
    print(fmt::format("Configuration {}. Sensors take it up within seconds; noroshi sensors shows which have.\n",
                      text_of(answer, "version")));
    return Exit::done;
  }

  auto distrust(Client &client) -> Result<Exit> {
    TRY(auto const since, parse_since(since_));
    TRY_VOID(client.post_object(path("distrust"), {{"since", to_rfc3339(since)}, {"reason", reason_}}));
    print(
        fmt::format("{} is not believed since {}: what was derived from it since then is withdrawn within a minute, "
                    "and what it sends is kept but counts for nothing.\nUndo from now on: noroshi sensors trust {}\n",
                    printable(name_), to_rfc3339(since), printable(name_)));
    return Exit::done;
  }

  auto trust(Client &client) -> Result<Exit> {
    TRY_VOID(client.post_object(path("trust"), {}));
    print(fmt::format("{} is believed again from now on. What it sent meanwhile still counts for nothing.\n",
                      printable(name_)));
    return Exit::done;
  }

  CLI::App *enrol_ = nullptr, *revoke_ = nullptr, *config_ = nullptr, *distrust_ = nullptr, *trust_ = nullptr;
  std::string name_, expires_ = "24h", since_, reason_;
  std::vector<std::string> addresses_, set_, unset_;
  bool all_ = false;
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, Sensors> const sensors{"sensors"};

}  // namespace noroshi::apps
