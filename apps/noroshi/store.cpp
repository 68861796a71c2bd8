// noroshi store: what the indicator store is made of, whether it is sound, all of it into one file, and repair.
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/listing.hpp"
#include "apps/noroshi/output.hpp"
#include "apps/noroshi/store_files.hpp"
#include "base/text.hpp"

namespace noroshi::apps {

namespace {

/// Calls `take` with each line of an answer that comes in pieces.
class Lines {
public:
  using Take = std::function<Result<void>(boost::json::object const &)>;
  explicit Lines(Take take) : take_(std::move(take)) {}
  auto add(std::string_view piece) -> Result<void> {
    rest_.append(piece);
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      auto error = boost::json::error_code{};
      auto const document = boost::json::parse(std::string_view{rest_}.substr(0, end), error);
      rest_.erase(0, end + 1);
      if (error || !document.is_object())
        return fail(ErrorCode::internal, "a line of the node's answer is no JSON object");
      TRY_VOID(take_(document.get_object()));
    }
    return ok;
  }

private:
  Take take_;
  std::string rest_;
};

auto post_to(std::string path) -> net::HttpRequest {
  auto request = net::HttpRequest{};
  request.method = "POST";
  request.path = std::move(path);
  return request;
}

class Store final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override {
    return "the files of the indicator store: what is in them, are they sound, make them one";
  }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi store stats      the files, and what is in memory\n"
           "noroshi store check      compare every byte with its checksums\n"
           "noroshi store compact    merge everything into one file\n"
           "noroshi store repair     go on without what is damaged in its logs\n\n"
           "Indicators are kept in a base, in younger files beside it, and in memory (with a log on disk); they are\n"
           "merged in the background. What one indicator has in two files counts twice until then. Compacting needs\n"
           "as much free space again as the store takes; it can be stopped at any time without harm.\n"
           "Stats and check also work where no node runs, on a store that does not open, and on a folder that cannot\n"
           "be written. Repair needs the node stopped: it keeps every commit that is sound, puts the damaged log\n"
           "aside in the same folder, and tells what was lost.\n"
           "Exit code of check: 0 all is sound, 1 a file is damaged or missing.";
  }
  void set_up(CLI::App &app) override {
    app.require_subcommand(1);
    stats_ = app.add_subcommand("stats", "the files, and what is in memory");
    check_ = app.add_subcommand("check", "compare every byte with its checksums");
    compact_ = app.add_subcommand("compact", "merge everything into one file");
    repair_ = app.add_subcommand("repair", "go on without what is damaged in its logs");
    for (auto *const command : {stats_, check_, compact_}) add_format(*command, format_);
  }

  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto const runs, Client::is_node_running(global));
    if (repair_->parsed() && runs)
      return fail(ErrorCode::conflict, "a node runs on {}, so its store opened; stop it first", global.data);
    if (repair_->parsed()) return repair_store(global);
    if (check_->parsed() && !runs)
      // Where somebody has the folder open, a node starts.
      if (auto checked = check_store_files(global, format_); checked || checked.error().code != ErrorCode::conflict)
        return checked;
    if (stats_->parsed() && !runs && ::access(global.data.c_str(), W_OK) != 0) return list_store_files(global, format_);
    TRY(auto client, Client::open(global));
    if (check_->parsed()) return check(client);
    if (compact_->parsed()) return compact(client);
    TRY_VOID(print_list(client, "/api/v1/store", {}, "files",
                        {{"FILE", "file"},
                         {"TIER", "tier"},
                         {"INDICATORS", "indicators"},
                         {"CONTEXTS", "contexts"},
                         {"SIZE", "bytes", Column::Kind::size},
                         {"FILTER", "filter_bytes", Column::Kind::size}},
                        "No indicator is stored yet.", format_));
    return Exit::done;
  }

private:
  auto check(Client &client) const -> Result<Exit> {
    auto damaged = std::uint64_t{0};
    auto progress = Progress{"files checked:"};
    auto table = Table{{"FILE", "TIER", "SIZE", "STATE", "PROBLEM"}};
    table.note_last();
    auto lines = Lines{[&](boost::json::object const &line) -> Result<void> {
      if (format_ == Format::json) print(boost::json::serialize(line) + "\n");
      if (line.contains("checked")) return ok;
      auto const state = text_of(line, "state");
      if (state == "damaged") ++damaged;
      table.add(
          {text_of(line, "file"), text_of(line, "tier"), size_of(line, "bytes"), state, text_of(line, "problem")});
      progress.show(table.rows());
      return ok;
    }};
    auto const take = [&](std::string_view piece) { return lines.add(piece); };
    TRY_VOID(client.stream(post_to("/api/v1/store/check"), take));
    progress.clear();
    if (format_ != Format::json) print(table, format_);
    return damaged > 0 ? Exit::incomplete : Exit::done;
  }

  auto compact(Client &client) const -> Result<Exit> {
    auto progress = Progress{"indicators merged:"};
    auto last = boost::json::object{};
    auto lines = Lines{[&](boost::json::object const &line) -> Result<void> {
      if (format_ == Format::json) print(boost::json::serialize(line) + "\n");
      if (line.contains("done"))
        progress.show(fmt::format("{} of {}", text_of(line, "done"), text_of(line, "of")));
      else
        last = line;
      return ok;
    }};
    auto const take = [&](std::string_view piece) { return lines.add(piece); };
    TRY_VOID(client.stream(post_to("/api/v1/store/compact"), take));
    progress.clear();
    if (auto const problem = text_of(last, "problem"); !problem.empty())
      return fail(ErrorCode::unavailable, "{}", problem);
    if (format_ != Format::json)
      print(fmt::format("{} indicators with {} contexts in {}; it was {}.\n", text_of(last, "indicators"),
                        text_of(last, "contexts"), size_of(last, "bytes"), size_of(last, "bytes_before")));
    return Exit::done;
  }

  CLI::App *stats_ = nullptr;
  CLI::App *check_ = nullptr;
  CLI::App *compact_ = nullptr;
  CLI::App *repair_ = nullptr;
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, Store> const store{"store"};

}  // namespace noroshi::apps
