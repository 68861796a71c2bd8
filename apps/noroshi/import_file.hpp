// One log on its way to the node, piece by piece, and what came of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/import_progress.hpp"
#include "apps/noroshi/log_input.hpp"

namespace noroshi::apps {

struct ImportedType {
  std::uint64_t lines = 0, taken = 0;
};

struct ImportRefusal {
  std::uint64_t line = 0;
  std::string reason, beginning;
};

/// The answers to all pieces of one file, added up.
struct ImportedFile {
  std::string file, reader;
  std::uint64_t lines = 0, taken = 0, known = 0, observations = 0, refused = 0;
  std::optional<std::uint64_t> unfinished_line;
  std::map<std::string, ImportedType> types;
  std::set<std::string> sensors;
  std::vector<ImportRefusal> refusals;  // the first ones
  std::optional<Error> failure;         // the file ended early, or was no log

  [[nodiscard]] auto is_complete() const -> bool { return !failure && refused == 0 && !unfinished_line; }
  void add(boost::json::object const &answer);
  void refuse(ImportRefusal refusal);
  /// As one line of --format json.
  [[nodiscard]] auto json() const -> std::string;
};

/// Reads the whole file. What is wrong with the file is in `failure`; an error is the node's, and ends the import.
auto import_file(Client &client, std::string const &path, std::string const &reader, ImportProgress &progress)
    -> Result<ImportedFile>;

}  // namespace noroshi::apps
