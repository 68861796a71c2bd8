// noroshi import: logs of other honeypots, read once however often they are given.
#include <algorithm>

#include <CLI/CLI.hpp>

#include "apps/noroshi/command.hpp"
#include "apps/noroshi/import_file.hpp"
#include "apps/noroshi/output.hpp"
#include "base/text.hpp"

namespace noroshi::apps {

namespace {

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
  [[nodiscard]] auto summary() const -> std::string_view override { return "read logs of other honeypots"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi import FILE…         Cowrie, OpenCanary, glutton, heralding, Shadowserver CSV; gzip and zstd too\n"
           "noroshi import -             the same from standard input\n"
           "noroshi list readers         what is read\n\n"
           "A log is recognised by its lines. A line that was read before is passed over, so a log may be given again\n"
           "at any time: grown, rotated, renamed, compressed, or after an import that was cut short.\n"
           "Exit code 0: every line was read; 1: some were not, the last line says of which file.\n\n"
           "Examples:\n"
           "  noroshi import /var/log/cowrie/cowrie.json*\n"
           "  ssh pot cat /var/tmp/opencanary.log | noroshi import - --format json";
  }
  void set_up(CLI::App &app) override {
    app.add_option("FILE", files_, "log files; - is standard input")->required();
    app.add_option("--reader", reader_, "read as this, where the beginning of a log is damaged (noroshi list readers)");
    app.add_option("--format", format_, "table or json")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
  }

  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    auto progress = ImportProgress{};
    auto done = std::vector<ImportedFile>{};
    for (auto const &path : files_) {
      TRY(auto file, import_file(client, path, reader_, progress));
      progress.clear();
      if (format_ == "json") print(file.json());
      // The one file that was given is no log: that is wrong use, or a file that is not there.
      if (files_.size() == 1 && file.failure && file.lines == 0 && !file.unfinished_line) return *file.failure;
      if (format_ == "table") print_file(file);
      done.push_back(std::move(file));
    }
    if (std::ranges::all_of(done, &ImportedFile::is_complete)) return Exit::done;
    if (format_ == "table") print(shortfall(done));
    return Exit::incomplete;
  }

private:
  std::vector<std::string> files_;
  std::string reader_;
  std::string format_ = "table";
};

}  // namespace

Registered<Command, Import> const import_command{"import"};

}  // namespace noroshi::apps
