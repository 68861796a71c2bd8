// noroshi show: everything known about one thing, and why.
#include <array>

#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/output.hpp"
#include "apps/noroshi/show_page.hpp"
#include "base/text.hpp"

namespace noroshi::apps {

namespace {

struct Kind {
  std::string_view name;
  std::string_view help;
  std::string_view folder;  // of the API
};

constexpr auto kKinds = std::array{
    Kind{"ip", "an address: its verdict, visits and tools", "ips"},
    Kind{"url", "a URL: who asked for it", "urls"},
    Kind{"domain", "a domain: who named it", "domains"},
    Kind{"hash",
         "a file by its MD5, SHA-1, SHA-256, SHA-512, ssdeep, TLSH or imphash; a client by its JA3, JA4 or HASSH",
         "hashes"},
    Kind{"session", "one visit, from its first byte to its last", "sessions"},
};

class Show final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override {
    return "everything known about one thing, and why";
  }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi show ip ADDRESS\n"
           "noroshi show url URL\n"
           "noroshi show domain NAME\n"
           "noroshi show hash HASH\n"
           "noroshi show session ID      an ID from `noroshi show ip`\n\n"
           "Values may be defanged. Exit code 0: something is known; 1: nothing is.\n\n"
           "Examples:\n"
           "  noroshi show ip 127.0.0.1\n"
           "  noroshi show url 'hxxp://bad[.]example/x.sh' --format json";
  }
  void set_up(CLI::App &app) override {
    app.require_subcommand(1);
    add_format(app, format_);
    for (auto const &kind : kKinds) {
      auto *const sub = app.add_subcommand(std::string{kind.name}, std::string{kind.help});
      sub->add_option("VALUE", value_, "what to show")->required();
      sub->callback([this, &kind] { kind_ = kind; });
    }
  }

  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    auto const by_query = kind_.name == "url";
    auto path = fmt::format("/api/v1/{}", kind_.folder);
    if (!by_query) path += "/" + value_;
    auto const query = by_query ? net::HttpFields{{"value", value_}} : net::HttpFields{};
    auto const body = client.get(path, query);
    if (!body && body.error().code == ErrorCode::not_found) {
      fmt::print(stderr, "noroshi: {}\n", printable(body.error().sentence));
      return Exit::incomplete;
    }
    if (!body) return body.error();
    TRY(auto const thing, parse_page(*body));
    if (format_ == Format::json)
      print(*body + "\n");
    else if (format_ == Format::csv)
      print(page_table(thing), format_);
    else
      print(page_text(kind_.name, thing, terminal_width()));
    return kind_.name == "session" || flag_of(thing, "known") ? Exit::done : Exit::incomplete;
  }

private:
  std::string value_;
  Kind kind_;
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, Show> const show{"show"};

}  // namespace noroshi::apps
