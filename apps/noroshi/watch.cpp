// noroshi watch: standing questions, and their answers as they come.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/given_id.hpp"
#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/listing.hpp"
#include "apps/noroshi/values_input.hpp"
#include "base/config_value.hpp"
#include "base/text.hpp"

namespace noroshi::apps {

namespace {

namespace json = boost::json;

constexpr auto kAnswersAtOnce = 1'000;
// The node is on the same machine: asking it so often costs nothing, and a person sees an answer at once.
constexpr auto kPause = std::chrono::milliseconds{250};
// A node that restarts is waited for a minute; past it the command ends with what it has.
constexpr auto kMaxFailures = 240;
constexpr auto kKnockDeadline = std::chrono::seconds{10};

/// Prints the answers of a page, one a line.
class AnswerPrinter {
public:
  explicit AnswerPrinter(Format format) : format_(format) {}

  auto take(std::string_view lines) -> Result<void> {
    while (!lines.empty()) {
      auto const line = lines.substr(0, lines.find('\n'));
      lines.remove_prefix(std::min(lines.size(), line.size() + 1));
      if (!line.empty()) TRY_VOID(print_line(std::string{line}));
    }
    return ok;
  }

private:
  auto print_line(std::string const &line) -> Result<void> {
    auto error = json::error_code{};
    auto const document = json::parse(line, error);
    if (error || !document.is_object())
      return fail(ErrorCode::internal, "a line of the node's answer is no JSON object");
    auto const &answer = document.get_object();
    ++count_;
    if (format_ == Format::json) {
      print(line + "\n");
    } else if (format_ == Format::csv) {
      auto table = columns();
      add(table, answer, text_of(answer, "time"));
      auto const text = table.csv();
      print(count_ == 1 ? text : text.substr(text.find('\n') + 1));
    } else {
      print(fmt::format("{}  watch {}{}  {}\n", time_of(answer, "time"), text_of(answer, "watch"),
                        text_of(answer, "note").empty() ? "" : " (" + printable(text_of(answer, "note")) + ")",
                        printable(text_of(answer, "sentence"))));
    }
    std::fflush(stdout);
    return ok;
  }
  static auto columns() -> Table {
    return Table{{"id", "time", "watch", "answer", "value", "found", "match", "first_seen", "last_seen", "count",
                  "sensors", "source", "role", "sentence"}};
  }
  static void add(Table &table, json::object const &answer, std::string const &time) {
    table.add({text_of(answer, "id"), time, text_of(answer, "watch"), text_of(answer, "answer"),
               text_of(answer, "value"), text_of(answer, "found"), text_of(answer, "match"),
               text_of(answer, "first_seen"), text_of(answer, "last_seen"), text_of(answer, "count"),
               text_of(answer, "sensors"), text_of(answer, "source"), text_of(answer, "role"),
               text_of(answer, "sentence")});
  }

  Format format_;
  std::uint64_t count_ = 0;
};

class Watch final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override {
    return "standing questions, answered as things happen";
  }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi watch                          print answers as they come, those kept so far first; Ctrl-C ends "
           "it\n"
           "noroshi watch --once                   print those kept so far\n"
           "noroshi watch add VALUE… [OPTION…]     ask about values from now on, and about what is known already\n"
           "noroshi watch add -f FILE [OPTION…]    one value a line, # begins a comment; - is standard input\n"
           "noroshi watch list\n"
           "noroshi watch show ID\n"
           "noroshi watch remove ID                its answers go with it\n\n"
           "A value is an IP address, CIDR block, domain (names below it answer too), URL, e-mail address or file "
           "hash,\n"
           "defanged or not. A watch answers when an observation shows a value, when a report, feed or detector names\n"
           "it, and when past observations have it. `noroshi watch add --help` lists the options.\n\n"
           "Watch 1 is the node's own: every new indicator of a report or feed, asked against past observations.\n\n"
           "Examples:\n"
           "  noroshi watch add 198.51.100.0/24 --until 2027-01-01 --note 'case 12'\n"
           "  noroshi watch add -f suspects.txt --webhook https://hooks.example.com/noroshi";
  }
  void set_up(CLI::App &app) override {
    app.require_subcommand(0, 1);
    app.add_option("--after", after_, "only answers behind this id");
    app.add_option("--watch", of_, "only those of this watch");
    app.add_flag("--once", once_, "do not wait for more");
    add_format(app, format_);
    add_ = app.add_subcommand("add", "ask a standing question");
    add_->add_option("VALUE", values_, "values, defanged or not");
    add_->add_option("-f,--file", file_, "file with one value a line; - is standard input");
    add_->add_option("--until", until_, "when it ends: 30d from now, a date or an RFC 3339 time; default: never");
    add_->add_option("--note", note_, "what it is for; shown with every answer");
    add_->add_option("--tlp", tlp_, "of the question itself: clear, green, amber, amber+strict, red; default: amber");
    add_->add_option("--webhook", webhook_, "https URL that answers are posted to");
    add_->add_flag("--new-only", new_only_, "do not ask about what is known already");
    add_->add_flag("--indicators", indicators_, "instead of values: every new indicator, asked against the past");
    list_ = app.add_subcommand("list", "standing questions");
    show_ = app.add_subcommand("show", "one of them, with its values");
    add_id(*show_, id_, "noroshi watch list");
    remove_ = app.add_subcommand("remove", "stop asking");
    add_id(*remove_, id_, "noroshi watch list");
    for (auto *const each : {add_, list_, show_}) add_format(*each, format_);
  }

  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    if (add_->parsed()) return add(client);
    if (list_->parsed()) return list(client);
    if (show_->parsed()) return show(client);
    if (remove_->parsed()) {
      TRY_VOID(of_given_id(client.post_object(fmt::format("/api/v1/watches/{}/remove", id_), {})));
      print(fmt::format("Watch {} is removed, and its answers with it.\n", id_));
      return Exit::done;
    }
    return follow(std::move(client), global);
  }

private:
  auto add(Client &client) -> Result<Exit> {
    auto list = json::array{};
    TRY_VOID(
        each_values(values_, file_, std::size_t{100'000}, [&](std::vector<std::string> const &values) -> Result<void> {
          for (auto const &value : values)
            list.emplace_back(json::string{is_utf8(value) ? value : lossless_utf8(value)});
          return ok;
        }));
    if (list.empty() && !indicators_)
      return fail(ErrorCode::malformed, "a watch needs values, on the command line or with -f FILE");
    auto body = json::object{{"past", !new_only_}};
    if (!list.empty()) body["values"] = std::move(list);
    if (indicators_) body["about"] = "indicators";
    TRY(auto const until, end_of(until_));
    for (auto const &[name, text] : {std::pair{"note", note_}, {"tlp", tlp_}, {"until", until}, {"webhook", webhook_}})
      if (!text.empty()) body[name] = text;
    TRY(auto const watch, client.post_object("/api/v1/watches", body));
    if (format_ == Format::json) {
      print(json::serialize(watch) + "\n");
      return Exit::done;
    }
    auto text = indicators_ ? fmt::format("Watch {}: every new indicator.", text_of(watch, "id"))
                            : fmt::format("Watch {}: {} values.", text_of(watch, "id"), text_of(watch, "values"));
    text += fmt::format(" Answers: noroshi watch. Taken back by: noroshi watch remove {}\n", text_of(watch, "id"));
    if (!text_of(watch, "webhook_secret").empty())
      text += fmt::format("Its webhook's requests are signed (HMAC-SHA-256) with this key, shown this once:\n{}\n",
                          text_of(watch, "webhook_secret"));
    print(text);
    return Exit::done;
  }

  /// A duration counts from now; what else there may be the node reads.
  static auto end_of(std::string const &until) -> Result<std::string> {
    if (until.empty() || until.contains('-') || until.contains(':')) return until;
    auto const duration = config::parse<Duration>(until);
    if (!duration || *duration <= Duration{})
      return fail(ErrorCode::malformed,
                  "--until {}: write how long, as in 30d or 12h, a date as in 2027-01-31 or a time", printable(until));
    return to_rfc3339(system_clock().now() + *duration);
  }

  auto list(Client &client) -> Result<Exit> {
    TRY_VOID(print_list(client, "/api/v1/watches", {}, "watches",
                        {{"ID", "id"},
                         {"OWNER", "owner"},
                         {"ABOUT", "about"},
                         {"VALUES", "values"},
                         {"ANSWERS", "answers"},
                         {"HUNTING", "hunting"},
                         {"CREATED (UTC)", "created", Column::Kind::time},
                         {"UNTIL (UTC)", "until", Column::Kind::time},
                         {"NOTE", "note"}},
                        "Nothing is watched for.", format_));
    return Exit::done;
  }

  auto show(Client &client) -> Result<Exit> {
    auto after = std::string{};
    for (auto is_first = true; is_first || !after.empty(); is_first = false) {
      auto query = net::HttpFields{};
      if (!after.empty()) query.emplace_back("after", after);
      TRY(auto const page, of_given_id(client.get_object(fmt::format("/api/v1/watches/{}", id_), std::move(query))));
      if (format_ == Format::json) {
        print(json::serialize(page) + "\n");
      } else {
        if (is_first) print_watch(object_of(page, "watch"));
        auto table = Table{{"VALUE", "TYPE"}};
        for (auto const &entry : list_of(page, "values"))
          table.add({text_of(object_of(entry), "value"), text_of(object_of(entry), "type")});
        if (!table.empty()) print(table, format_);
      }
      after = text_of(page, "next");
    }
    return Exit::done;
  }

  static void print_watch(json::object const &watch) {
    print(fmt::format(
        "Watch {} of {}, {} values, since {}{}\n{}{} answers, {} of them no longer kept{}\n", text_of(watch, "id"),
        text_of(watch, "owner").empty() ? "the node" : printable(text_of(watch, "owner")), text_of(watch, "values"),
        time_of(watch, "created"), text_of(watch, "until").empty() ? "" : ", until " + time_of(watch, "until"),
        text_of(watch, "note").empty() ? "" : printable(text_of(watch, "note")) + "\n", text_of(watch, "answers"),
        text_of(watch, "left_out"), flag_of(watch, "hunting") ? "; past observations are being looked through" : ""));
    auto const &webhook = object_of(watch, "webhook");
    if (webhook.empty()) return;
    print(fmt::format(
        "Webhook {}: answers up to {} delivered{}\n", printable(text_of(webhook, "url")), text_of(webhook, "delivered"),
        text_of(webhook, "trouble").empty() ? ""
                                            : fmt::format("; {} failures, the last: {}", text_of(webhook, "failures"),
                                                          printable(text_of(webhook, "trouble")))));
  }

  [[nodiscard]] auto request(std::int64_t after) const -> net::HttpRequest {
    auto request = net::HttpRequest{};
    request.method = "GET";
    request.path = "/api/v1/watches/answers";
    request.query = {{"after", std::to_string(after)}, {"limit", std::to_string(kAnswersAtOnce)}};
    if (of_ > 0) request.query.emplace_back("watch", std::to_string(of_));
    return request;
  }

  /// What is kept behind `after`, page by page; `after` moves along.
  auto print_kept(Client &client, AnswerPrinter &printer, std::int64_t &after) const -> Result<void> {
    while (true) {
      TRY(auto const response, client.ask(request(after)));
      TRY_VOID(printer.take(response.body));
      auto const through = std::strtoll(header_of(response, "noroshi-through").c_str(), nullptr, 10);
      if (through <= after) return ok;
      after = through;
      if (header_of(response, "noroshi-more") != "true") return ok;
    }
  }

  /// Names are in lower case where HTTP brought them, and as the endpoint wrote them where it answered in-process.
  static auto header_of(net::HttpResponse const &response, std::string_view name) -> std::string {
    auto const same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; };
    for (auto const &[key, value] : response.headers)
      if (std::ranges::equal(key, name, same)) return value;
    return {};
  }

  auto follow(Client client, Global const &global) const -> Result<Exit> {
    auto printer = AnswerPrinter{format_};
    auto after = after_;
    TRY_VOID(print_kept(client, printer, after));
    if (once_) return Exit::done;
    auto knock = net::HttpRequest{};
    knock.method = "GET";
    knock.path = "/healthz";
    if (!net::http_call(global.data + "/api.sock", knock, kKnockDeadline)) {
      fmt::print(stderr, "No node runs on {}: nothing more will come until one does (noroshi serve).\n", global.data);
      return Exit::done;
    }
    for (auto failures = 0; failures < kMaxFailures;) {
      std::this_thread::sleep_for(kPause);
      auto const asked = print_kept(client, printer, after);
      // The node that was there may be about to start again.
      if (!asked && asked.error().code != ErrorCode::unavailable && asked.error().code != ErrorCode::timed_out)
        return asked.error();
      failures = asked ? 0 : failures + 1;
    }
    return fail(ErrorCode::unavailable,
                "the node of {} does not answer any more; go on later with: noroshi watch --after {}", global.data,
                after);
  }

  CLI::App *add_ = nullptr;
  CLI::App *list_ = nullptr;
  CLI::App *show_ = nullptr;
  CLI::App *remove_ = nullptr;
  std::vector<std::string> values_;
  std::string file_, until_, note_, tlp_, webhook_;
  bool new_only_ = false, indicators_ = false, once_ = false;
  std::int64_t id_ = 0, after_ = 0, of_ = 0;
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, Watch> const watch{"watch"};

}  // namespace noroshi::apps
