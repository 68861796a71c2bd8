#include "apps/noroshi/store_files.hpp"

#include <filesystem>
#include <optional>

#include <unistd.h>

#include <boost/json/serialize.hpp>

#include "apps/noroshi/json_text.hpp"
#include "apps/noroshi/node.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "know/indicator_store.hpp"

namespace noroshi::apps {

namespace {

namespace json = boost::json;

struct Held {
  DataDirectory directory;
  std::optional<LockFile> lock;  // none where nothing can be written: then nobody else writes either
};

auto hold(Global const &global, bool writes) -> Result<Held> {
  auto held = Held{DataDirectory{global.data}, std::nullopt};
  auto const &directory = held.directory;
  auto error = std::error_code{};
  if (!std::filesystem::exists(directory.catalogue(), error) && !error)
    return fail(ErrorCode::not_found, "{} is not a data directory yet; make one with: noroshi --data {} init",
                directory.path, directory.path);
  TRY_VOID(check_owner(directory.path));
  if (!writes && ::access(directory.path.c_str(), W_OK) != 0) return held;
  TRY(held.lock, LockFile::create(directory.lock()));
  return held;
}

auto to_json(know::StoreFileState const &file) -> json::object {
  auto line = json::object{{"file", file.name},         {"tier", file.tier},   {"indicators", file.indicators},
                           {"contexts", file.contexts}, {"bytes", file.bytes}, {"filter_bytes", file.filter_bytes},
                           {"state", file.state}};
  // Braces would make lists of them.
  auto const or_null = [](std::string const &text) { return text.empty() ? json::value() : json::value(text); };
  line["problem"] = or_null(file.problem);
  line["next"] = or_null(file.next);
  return line;
}

auto with_next(know::StoreFileState const &file) -> std::string {
  return file.next.empty() ? file.problem : fmt::format("{}; {}", file.problem, file.next);
}

auto inspected(Global const &global) -> Result<std::vector<know::StoreFileState>> {
  TRY(auto const held, hold(global, false));
  return know::inspect_indicator_store(held.directory.indicators());
}

}  // namespace

auto list_store_files(Global const &global, Format format) -> Result<Exit> {
  TRY(auto const files, inspected(global));
  auto table = Table{{"FILE", "TIER", "INDICATORS", "CONTEXTS", "SIZE", "FILTER"}};
  for (auto const &file : files) {
    auto const line = to_json(file);
    if (format == Format::json) print(json::serialize(line) + "\n");
    table.add({file.name, file.tier, std::to_string(file.indicators), std::to_string(file.contexts),
               size_of(line, "bytes"), size_of(line, "filter_bytes")});
  }
  if (format != Format::json) print(table, format);
  return Exit::done;
}

auto check_store_files(Global const &global, Format format) -> Result<Exit> {
  TRY(auto const files, inspected(global));
  auto damaged = std::uint64_t{0};
  auto table = Table{{"FILE", "TIER", "SIZE", "STATE", "PROBLEM"}};
  table.note_last();
  for (auto const &file : files) {
    damaged += file.state == "damaged" || file.state == "missing" ? 1U : 0U;
    auto const line = to_json(file);
    if (format == Format::json) print(json::serialize(line) + "\n");
    table.add({file.name, file.tier, size_of(line, "bytes"), file.state, with_next(file)});
  }
  if (format == Format::json)
    print(json::serialize(json::object{{"checked", files.size()}, {"damaged", damaged}}) + "\n");
  else if (files.empty())
    print("No indicator is stored yet.\n");
  else
    print(table, format);
  return damaged > 0 ? Exit::incomplete : Exit::done;
}

auto repair_store(Global const &global) -> Result<Exit> {
  TRY(auto const held, hold(global, true));
  auto const repaired = know::repair_indicator_store(held.directory.indicators());
  if (!repaired) return fail(ErrorCode::unavailable, "{}", repaired.error().sentence);
  if (repaired->lost.empty()) {
    print("No log is damaged; nothing was changed.\n");
    return Exit::done;
  }
  for (auto const &each : repaired->lost) print(fmt::format("lost: {}\n", printable(each)));
  for (auto const &name : repaired->set_aside)
    print(fmt::format("set aside: {}/{}\n", printable(held.directory.indicators()), name));
  print(
      fmt::format("The store opens again, with {} commits that the logs still had.\n"
                  "What was lost may have held withdrawals: look at reports that you withdrew lately.\n",
                  repaired->kept));
  return Exit::done;
}

}  // namespace noroshi::apps
