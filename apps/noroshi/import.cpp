// noroshi import: logs of other honeypots, read once however often they are given; and feeds of indicators.
#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <CLI/CLI.hpp>

#include "apps/noroshi/command.hpp"
#include "apps/noroshi/import_feed.hpp"
#include "apps/noroshi/import_file.hpp"
#include "apps/noroshi/output.hpp"
#include "base/config_value.hpp"
#include "base/text.hpp"
#include "model/characters.hpp"

namespace noroshi::apps {

namespace {

// What the node takes, too.
constexpr auto kLongestExpiry = std::chrono::days{100 * 366};

auto plural(std::uint64_t count, std::string_view one, std::string_view more) -> std::string {
  return fmt::format("{} {}", count, count == 1 ? one : more);
}

auto types_table(ImportedFile const &file) -> Table {
  auto table = Table{{"EVENT", "LINES", "NEW"}};
  for (auto const &[type, count] : file.types)
    table.add({type, std::to_string(count.lines), std::to_string(count.taken)});
  return table;
}

void print_refusals(ImportedFile const &file) {
  for (auto const &refusal : file.refusals)
    print(fmt::format("  line {}: {}{}{}\n", refusal.line, printable(refusal.reason),
                      refusal.beginning.empty() ? "" : ": ", printable(refusal.beginning)));
  if (file.refused > file.refusals.size())
    print(fmt::format("  and {}\n", plural(file.refused - file.refusals.size(), "line more", "lines more")));
}

void print_file(ImportedFile const &file) {
  if (!file.types.empty()) print(types_table(file), Format::table);
  if (!file.reader.empty() && file.lines > 0)
    print(fmt::format("{}: {} log, {}: {} new ({}), {} known before, {} refused\n", printable(file.file), file.reader,
                      plural(file.lines, "line", "lines"), file.taken,
                      plural(file.observations, "observation", "observations"), file.known, file.refused));
  print_refusals(file);
  if (file.unfinished_line)
    print(fmt::format("  line {}, the last one, is cut off: it is read once the log has it whole\n",
                      *file.unfinished_line));
  if (file.failure) print(fmt::format("  {}\n", printable(file.failure->sentence)));
}

/// Why the exit code is 1.
auto shortfall(std::vector<ImportedFile> const &files) -> std::string {
  auto text = std::string{};
  for (auto const &file : files) {
    if (file.is_complete()) continue;
    auto why = file.refused > 0 ? plural(file.refused, "line refused", "lines refused") : std::string{};
    if (file.unfinished_line) why += std::string{why.empty() ? "" : ", "} + "the last line cut off";
    if (file.failure) why += std::string{why.empty() ? "" : ", "} + "ended early";
    text += fmt::format("{}{} ({})", text.empty() ? "not read in full: " : ", ", printable(file.file), why);
  }
  return text + "\n";
}

class Import final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override {
    return "read logs of other honeypots, and feeds of indicators";
  }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi import FILE…                          logs: Cowrie, OpenCanary, glutton, heralding, Shadowserver "
           "CSV\n"
           "noroshi import --source NAME FILE|FOLDER…     indicators: plain lists, hosts files, MISP feeds, STIX 2.1\n"
           "                                              bundles, maltrail; the format is recognised where it is "
           "safe\n"
           "noroshi import --source NAME --as FORMAT …    indicators in that format\n"
           "noroshi import --source NAME --as csv --columns value=1,first_seen=3 FILE\n"
           "noroshi import … -                            the same from standard input\n"
           "noroshi list readers | noroshi list feeds     what is read\n\n"
           "Logs: a line that was read before is passed over, so a log may be given again at any time: grown, "
           "rotated,\n"
           "renamed, compressed, or after an import that was cut short.\n"
           "Feeds: all of an import is visible at once, or nothing of it. --replace makes what NAME said before\n"
           "invisible in the same moment. Folders, tar, zip, gzip, zstd and xz are read as they are.\n"
           "Exit code 0: everything was read; 1: some lines were refused, the output says which and why.\n\n"
           "Examples:\n"
           "  noroshi import /var/log/cowrie/cowrie.json*\n"
           "  ssh pot cat /var/tmp/opencanary.log | noroshi import - --format json\n"
           "  noroshi import --source blocklist --role scanner --expires 30d --replace list.txt.gz\n"
           "  noroshi import --source urlhaus --as csv --columns value=url,first_seen=dateadded,tags=tags urls.csv\n"
           "  noroshi import --source maltrail --replace maltrail.tar.xz";
  }
  void set_up(CLI::App &app) override {
    app.add_option("FILE", files_, "files or folders; - is standard input")->required();
    app.add_option("--source", source_, "indicators: the feed's name, under which they are found and replaced");
    app.add_option("--as", format_as_, "indicators: the feed's format (noroshi list feeds)");
    app.add_option("--columns", columns_,
                   "of CSV: value=1,type=2,first_seen=3,last_seen=,expires=,role=,confidence=,tags=,tlp=,"
                   "reference=; numbers from 1, or names from its header");
    app.add_option("--type", type_,
                   "all values are of this type: ip, domain, sha256, …; default: found by their signs");
    app.add_option("--role", role_, "scanner, c2, download, phishing, relay, victim, benign, reference");
    app.add_option("--confidence", confidence_, "0 to 100; default: what the feed says, else 50")
        ->check(CLI::Range(0, 100));
    app.add_option("--tlp", tlp_,
                   "clear, green, amber, amber+strict or red; default: amber; a stricter one in the feed holds");
    app.add_option("--tag", tags_, "a tag on every value; may be repeated")->allow_extra_args(false);
    app.add_option("--expires", expires_, "so long after it was seen last an indicator no longer counts, as in 90d");
    app.add_option("--scope", scope_, "exact, or subtree: domains stand for every name below them too");
    auto *const fit =
        app.add_flag("--to-ids", to_ids_, "fit for automatic detection and blocking; default: what the feed says");
    app.add_flag("--no-to-ids", no_to_ids_,
                 "not fit for it, whatever the feed says; takes back what it said before only with --replace")
        ->excludes(fit);
    app.add_flag("--replace", replace_,
                 "what the source said before becomes invisible; refused where the feed is not whole, or has fewer "
                 "than half as many values");
    app.add_flag("--even-if-smaller", even_if_smaller_, "with --replace: the feed did shrink");
    app.add_option("--reader", reader_, "logs: read as this, where the beginning is damaged (noroshi list readers)");
    app.add_option("--format", format_, "table or json")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
  }

  auto run(Global const &global) -> Result<Exit> override {
    for (auto const &file : files_) TRY_VOID(check_no_url(file));
    if (is_feed()) return run_feed(global);
    if (auto const format = looks_like_feed(files_.front(), Looks::surely); !format.empty())
      return fail(ErrorCode::malformed, "{} is a feed of indicators ({}); say who speaks: --source NAME",
                  printable(files_.front()), format);
    return run_logs(global);
  }

private:
  [[nodiscard]] auto is_feed() const -> bool {
    return !source_.empty() || !format_as_.empty() || !columns_.empty() || replace_ || even_if_smaller_;
  }

  /// The usual reason is a feed whose source was forgotten.
  [[nodiscard]] auto no_log(Error failure) const -> Error {
    if (failure.code != ErrorCode::malformed || !reader_.empty()) return failure;
    auto const format = looks_like_feed(files_.front(), Looks::may_be);
    failure.sentence += format.empty() ? "; a feed of indicators needs --source NAME"
                                       : fmt::format("; as a feed of indicators ({}) it needs --source NAME", format);
    return failure;
  }

  auto check_no_url(std::string const &file) const -> Result<void> {
    if (!file.starts_with("http://") && !file.starts_with("https://")) return ok;
    return fail(ErrorCode::malformed, "{} is a URL, and noroshi opens none: curl -fsSL '{}' | noroshi import {}-",
                printable(file), printable(file),
                source_.empty() ? "" : fmt::format("--source '{}' … ", printable(source_)));
  }

  auto feed_choice() const -> Result<FeedChoice> {
    if (source_.empty())
      return fail(ErrorCode::malformed, "say who speaks, so that it can be found and replaced: --source NAME");
    if (!reader_.empty()) return fail(ErrorCode::malformed, "--reader is for logs; a feed's format is --as");
    auto choice = FeedChoice{columns_.empty() || !format_as_.empty() ? format_as_ : "csv", {{"source", source_}}};
    for (auto const &[name, text] :
         {std::pair{"columns", &columns_}, {"type", &type_}, {"role", &role_}, {"tlp", &tlp_}, {"scope", &scope_}})
      if (!text->empty()) choice.order[name] = *text;
    if (confidence_) choice.order["confidence"] = *confidence_;
    if (to_ids_ || no_to_ids_) choice.order["to_ids"] = to_ids_;
    if (!tags_.empty()) choice.order["tags"] = boost::json::array(tags_.begin(), tags_.end());
    if (replace_) choice.order["replace"] = true;
    if (even_if_smaller_ && !replace_)
      return fail(ErrorCode::malformed, "--even-if-smaller is about what is replaced: add --replace, or leave it out");
    if (even_if_smaller_) choice.order["even_if_smaller"] = true;
    if (expires_.empty()) return choice;
    TRY(auto const expires, seconds_of_expiry());
    choice.order["expires_s"] = expires;
    return choice;
  }

  auto seconds_of_expiry() const -> Result<std::int64_t> {
    auto const duration = config::parse<Duration>(expires_);
    auto const number = std::string_view{expires_}.substr(0, expires_.find_last_not_of("usminhd") + 1);
    if (number.starts_with('-') || (duration && *duration < std::chrono::seconds{1}))
      return fail(ErrorCode::malformed, "--expires {}: at least a second, as in 90d", printable(expires_));
    // A number past what a duration holds is none.
    auto const is_long =
        number.size() > 4 && number.size() < expires_.size() && std::ranges::all_of(number, model::is_digit);
    if ((duration && *duration > kLongestExpiry) || (!duration && is_long))
      return fail(ErrorCode::malformed,
                  "--expires {}: a hundred years are the most; leave it out for indicators that never expire",
                  printable(expires_));
    if (!duration)
      return fail(ErrorCode::malformed, "--expires {}: write {}", printable(expires_),
                  config::expected(ConfigKeyBase::Type::duration));
    return std::chrono::duration_cast<std::chrono::seconds>(*duration).count();
  }

  /// A node that is starting, and a store that catches up, take their time.
  static auto open_watched(Global const &global, Interruption &interruption) -> Result<Client> {
    auto const watched =
        Interruption::Watch{interruption, [] { fmt::print(stderr, "noroshi: interrupted; nothing was imported\n"); }};
    return Client::open(global);
  }

  auto run_feed(Global const &global) -> Result<Exit> {
    TRY(auto choice, feed_choice());
    auto interruption = Interruption{};
    TRY(auto client, open_watched(global, interruption));
    TRY(auto const outcome, import_feed(client, interruption, files_, std::move(choice)));
    print(format_ == "json" ? boost::json::serialize(outcome) + "\n" : feed_text(outcome));
    auto const *const refused = outcome.if_contains("refused");
    return refused != nullptr && *refused != 0 ? Exit::incomplete : Exit::done;
  }

  auto run_logs(Global const &global) -> Result<Exit> {
    TRY(auto client, Client::open(global));
    auto progress = ImportProgress{};
    auto done = std::vector<ImportedFile>{};
    for (auto const &path : files_) {
      TRY(auto file, import_file(client, path, reader_, progress));
      progress.clear();
      if (format_ == "json") print(file.json());
      // The one file that was given is no log: that is wrong use, or a file that is not there.
      if (files_.size() == 1 && file.failure && file.lines == 0 && !file.unfinished_line) return no_log(*file.failure);
      if (format_ == "table") print_file(file);
      done.push_back(std::move(file));
    }
    if (std::ranges::all_of(done, &ImportedFile::is_complete)) return Exit::done;
    if (format_ == "table") print(shortfall(done));
    return Exit::incomplete;
  }

  std::vector<std::string> files_, tags_;
  std::string source_, format_as_, columns_, type_, role_, tlp_, expires_, scope_;
  std::optional<int> confidence_;
  bool to_ids_ = false, no_to_ids_ = false, replace_ = false, even_if_smaller_ = false;
  std::string reader_;
  std::string format_ = "table";
};

}  // namespace

Registered<Command, Import> const import_command{"import"};

}  // namespace noroshi::apps
