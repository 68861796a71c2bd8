// noroshi search: who knows these values?
#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/output.hpp"
#include "apps/noroshi/values_input.hpp"
#include "base/text.hpp"

namespace noroshi::apps {

namespace {

// Of a value in a table: the longest domain names and most URLs fit. JSON and CSV have it whole.
constexpr auto kShownBytes = std::size_t{256};

// One request's worth: big enough that requests cost nothing, small enough that answers come while the file is read.
constexpr auto kValuesAtOnce = std::size_t{10'000};

/// What the members said, over all requests of one question.
struct Summary {
  std::string member, status, reason;
  boost::json::array cannot;  // each type once
  std::uint64_t milliseconds = 0, values = 0, hits = 0, known = 0;

  void add(boost::json::object const &line) {
    for (auto const &entry : list_of(line, "members")) {
      auto const &answer = object_of(entry);
      member = text_of(answer, "member");
      status = text_of(answer, "status");
      reason = text_of(answer, "reason");
      for (auto const &type : list_of(answer, "cannot"))
        if (std::ranges::find(cannot, type) == cannot.end()) cannot.push_back(type);
      milliseconds += number(answer, "ms");
      values += number(answer, "values");
      hits += number(answer, "hits");
    }
  }
  [[nodiscard]] auto json() const -> std::string {
    auto const answer = boost::json::object{
        {"member", member},   {"status", status},
        {"ms", milliseconds}, {"values", values},
        {"hits", hits},       {"reason", reason.empty() ? boost::json::value{} : boost::json::value{reason}},
        {"cannot", cannot}};
    return boost::json::serialize(boost::json::object{{"members", boost::json::array{answer}}}) + "\n";
  }
  [[nodiscard]] auto text() const -> std::string {
    return fmt::format("\n{} {} in {} ms: {} of {} values known, {} {}\n{}", printable(member), status, milliseconds,
                       known, values, hits, hits == 1 ? "hit" : "hits",
                       reason.empty() || (hits > 0 && status == "answered") ? "" : printable(reason) + "\n");
  }

private:
  static auto number(boost::json::object const &object, std::string_view name) -> std::uint64_t {
    auto const *const found = object.if_contains(name);
    auto error = boost::json::error_code{};
    auto const value = found == nullptr ? 0 : found->to_number<std::uint64_t>(error);
    return error ? 0 : value;
  }
};

auto shown(std::string const &value) -> std::string {
  if (value.size() <= kShownBytes) return value;
  auto kept = std::size_t{0};
  while (kept < kShownBytes) kept += utf8_step(std::string_view{value}.substr(kept)).size;
  return value.substr(0, kept) + "…";
}

auto columns() -> Table {
  auto table = Table{{"VALUE", "TYPE", "KNOWN", "ROLE", "MATCH", "SOURCE", "LAST SEEN (UTC)", "COUNT", "WHY"}};
  return table.keep({6}).note_last();
}

void add_rows(Table &table, boost::json::object const &answer, Format format) {
  auto const whole = text_of(answer, "value");
  auto const value = format == Format::table ? shown(whole) : whole;
  auto const type = text_of(answer, "type");
  if (!answer.contains("type") || answer.at("type").is_null()) {
    table.add({value, "-", "unreadable", "", "", "", "", "", text_of(answer, "reason")});
    return;
  }
  if (!flag_of(answer, "known")) table.add({value, type, "no", "", "", "", "", "", ""});
  for (auto const &entry : list_of(answer, "hits")) {
    auto const &hit = object_of(entry);
    auto const &assessment = object_of(hit, "assessment");
    table.add({value, type, text_of(assessment, "strength"), text_of(hit, "role"), text_of(hit, "match"),
               text_of(hit, "source"), time_of(hit, "last_seen"), text_of(hit, "count"),
               text_of(assessment, "sentence")});
  }
}

class Search final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "who knows these values?"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi search VALUE…\n"
           "noroshi search -f FILE       one value a line, # begins a comment\n"
           "noroshi search -f -          the same from standard input\n\n"
           "A value is an IP address, CIDR block, domain, URL, e-mail address or file hash, defanged or not.\n"
           "KNOWN tells how much a hit is worth (weak, medium, strong), WHY says it in words.\n"
           "Exit code 0: something is known; 1: nothing is.\n\n"
           "Examples:\n"
           "  noroshi search 198.51.100.7 'hxxp://bad[.]example/x.sh'\n"
           "  grep -oE '([0-9]+\\.){3}[0-9]+' access.log | sort -u | noroshi search -f - --format json";
  }
  void set_up(CLI::App &app) override {
    app.add_option("VALUE", values_,
                   "values to look up, TYPE:VALUE where the type does not show (mutex:NAME, file_name:NAME)");
    app.add_option("-f,--file", file_, "file with one value a line; - is standard input");
    add_format(app, format_);
  }

  auto run(Global const &global) -> Result<Exit> override {
    if (values_.empty() && file_.empty())
      return fail(ErrorCode::malformed, "search needs a value, or a file with -f; see noroshi search --help");
    for (auto const &value : values_)
      if (value.find_first_not_of(" \t\r\n") == std::string::npos)
        return fail(ErrorCode::malformed, "a VALUE to search is empty; see noroshi search --help");
    TRY(auto client, Client::open(global));
    auto progress = Progress{"values searched:"};
    auto summary = Summary{};
    auto table = columns();
    TRY_VOID(each_values(values_, file_, kValuesAtOnce, [&](std::vector<std::string> const &values) -> Result<void> {
      TRY(auto const answer, client.post("/api/v1/search", body_of(values)));
      TRY_VOID(take(answer, table, summary));
      progress.show(summary.values);
      return ok;
    }));
    if (summary.values == 0)
      return fail(ErrorCode::malformed, "{} holds no value", file_ == "-" ? "standard input" : file_);
    if (format_ == Format::json) print(summary.json());
    if (format_ == Format::csv) print(table, format_);
    if (format_ == Format::table) {
      print(table, format_);
      print(summary.text());
    }
    return summary.known > 0 && summary.status == "answered" ? Exit::done : Exit::incomplete;
  }

private:
  static auto body_of(std::vector<std::string> const &values) -> std::string {
    auto list = boost::json::array{};
    // JSON carries text only; what a file holds beside is asked about in its lossless form, and answered as unreadable.
    for (auto const &value : values)
      list.emplace_back(boost::json::string{is_utf8(value) ? value : lossless_utf8(value)});
    return boost::json::serialize(boost::json::object{{"values", std::move(list)}});
  }

  /// One request's answer lines: printed at once as JSON, collected for a table.
  auto take(std::string_view lines, Table &table, Summary &summary) const -> Result<void> {
    while (!lines.empty()) {
      auto const line = lines.substr(0, lines.find('\n'));
      lines.remove_prefix(std::min(lines.size(), line.size() + 1));
      auto error = boost::json::error_code{};
      auto const document = boost::json::parse(line, error);
      if (error || !document.is_object())
        return fail(ErrorCode::internal, "a line of the node's answer is no JSON object");
      auto const &answer = document.get_object();
      if (answer.contains("members")) {
        summary.add(answer);
        continue;
      }
      if (flag_of(answer, "known")) ++summary.known;
      if (format_ == Format::json)
        print(std::string{line} + "\n");
      else
        add_rows(table, answer, format_);
    }
    return ok;
  }

  std::vector<std::string> values_;
  std::string file_;
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, Search> const search{"search"};

}  // namespace noroshi::apps
