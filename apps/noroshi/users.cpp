// noroshi users, keys, audit: who may do what here, and who did.
#include <boost/json/serialize.hpp>

#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/given_id.hpp"
#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/listing.hpp"

namespace noroshi::apps {

namespace {

namespace json = boost::json;

class Users final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "who may use this node"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi users                          list them\n"
           "noroshi users add NAME --role ROLE\n"
           "noroshi users disable NAME             their keys stop working at once\n\n"
           "Roles: admin (everything), analyst (reads all, writes reports), reader (reads what is not RED, no "
           "secrets),\n"
           "member (another organisation of the alliance), sensor (hands in batches only; named like the sensor).";
  }
  void set_up(CLI::App &app) override {
    app.require_subcommand(0, 1);
    add_format(app, format_);
    add_ = app.add_subcommand("add", "add a user");
    add_->add_option("NAME", name_)->required();
    add_->add_option("--role", role_, "admin, analyst, reader, member or sensor")->required();
    disable_ = app.add_subcommand("disable", "lock a user out");
    disable_->add_option("NAME", name_)->required();
  }

  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    if (add_->parsed()) {
      TRY(auto const user, client.post_object("/api/v1/users", {{"name", name_}, {"role", role_}}));
      print(fmt::format("Added {} {}. Next: noroshi keys add {}\n", text_of(user, "role"), text_of(user, "name"),
                        text_of(user, "name")));
      return Exit::done;
    }
    if (disable_->parsed()) {
      TRY_VOID(client.post_object("/api/v1/users/" + name_ + "/disable", {}));
      print(fmt::format("{} is locked out.\n", name_));
      return Exit::done;
    }
    TRY_VOID(print_list(client, "/api/v1/users", {}, "users",
                        {{"NAME", "name"}, {"ROLE", "role"}, {"DISABLED", "disabled"}}, "There are no users.",
                        format_));
    return Exit::done;
  }

private:
  CLI::App *add_ = nullptr;
  CLI::App *disable_ = nullptr;
  std::string name_, role_;
  Format format_ = Format::table;
};

class Keys final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "API keys"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi keys                                                 list them\n"
           "noroshi keys add USER [--label TEXT] [--expires TIME]        the key is shown this once\n"
           "noroshi keys revoke ID\n\n"
           "Example:\n"
           "  noroshi keys add alice --label laptop --expires 2027-01-01";
  }
  void set_up(CLI::App &app) override {
    app.require_subcommand(0, 1);
    add_format(app, format_);
    add_ = app.add_subcommand("add", "make a key for a user");
    add_->add_option("USER", user_)->required();
    add_->add_option("--label", label_, "where it is used");
    add_->add_option("--expires", expires_, "date or RFC 3339 time; default: never");
    revoke_ = app.add_subcommand("revoke", "make a key worthless");
    add_id(*revoke_, id_, "noroshi keys");
  }

  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    if (add_->parsed()) return add(client);
    if (revoke_->parsed()) {
      TRY_VOID(of_given_id(client.post_object(fmt::format("/api/v1/keys/{}/revoke", id_), {})));
      print(fmt::format("Key {} is revoked.\n", id_));
      return Exit::done;
    }
    TRY_VOID(print_list(client, "/api/v1/keys", {}, "keys",
                        {{"ID", "id"},
                         {"USER", "user"},
                         {"BEGINS WITH", "prefix"},
                         {"LABEL", "label"},
                         {"CREATED (UTC)", "created", Column::Kind::time},
                         {"EXPIRES (UTC)", "expires", Column::Kind::time},
                         {"LAST USED (UTC)", "last_used", Column::Kind::time}},
                        "There are no keys.", format_));
    return Exit::done;
  }

private:
  auto add(Client &client) -> Result<Exit> {
    auto body = json::object{{"user", user_}, {"label", label_}};
    if (!expires_.empty()) body["expires"] = expires_;
    TRY(auto const key, client.post_object("/api/v1/keys", body));
    if (format_ == Format::json)
      print(json::serialize(key) + "\n");
    else
      print(
          fmt::format("{}\n\nThis is the key of {}; it is shown this once, only its hash is kept.\n"
                      "Use: curl -H 'Authorization: Bearer KEY' …\n",
                      text_of(key, "key"), user_));
    return Exit::done;
  }

  CLI::App *add_ = nullptr;
  CLI::App *revoke_ = nullptr;
  std::string user_, label_, expires_;
  std::int64_t id_ = 0;
  Format format_ = Format::table;
};

class Audit final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "who did what here, newest first"; }
  [[nodiscard]] auto forms() const -> std::string_view override { return "noroshi audit [--limit N]"; }
  void set_up(CLI::App &app) override {
    add_format(app, format_);
    app.add_option("--limit", limit_, "entries to show")->check(CLI::Range(1, 10'000))->capture_default_str();
  }
  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    TRY_VOID(print_list(client, "/api/v1/audit", {{"limit", std::to_string(limit_)}}, "audit",
                        {{"TIME (UTC)", "time", Column::Kind::time},
                         {"WHO", "actor"},
                         {"DID", "action"},
                         {"TO", "subject"},
                         {"DETAIL", "detail"}},
                        "Nothing was done yet.", format_));
    return Exit::done;
  }

private:
  int limit_ = 100;
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, Users> const users{"users"};
Registered<Command, Keys> const keys{"keys"};
Registered<Command, Audit> const audit{"audit"};

}  // namespace noroshi::apps
