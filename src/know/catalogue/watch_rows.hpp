// What the book of watches' files do inside one transaction.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "know/sqlite.hpp"
#include "model/ports/watch_book.hpp"

namespace noroshi::know::rows {

/// All watches by id; with the owner's name.
auto watches(sqlite::Connection &connection) -> Result<std::map<model::WatchId, model::Watch>>;
/// One of them; nothing where there is none.
auto watch(sqlite::Connection &connection, model::WatchId id) -> Result<std::optional<model::Watch>>;
/// The watch, and its values, answers, windows and hunts.
auto remove_watch(sqlite::Connection &connection, model::WatchId id) -> Result<void>;

/// Makes answers of findings, in order; those of watches that are gone or ended are passed over.
class AnswerWriter {
public:
  AnswerWriter(sqlite::Connection &connection, Time now) : connection_(connection), now_(now) {}
  auto begin() -> Result<void>;
  /// Kinds seen and known by their windows; past as it is.
  auto take(model::Finding const &finding) -> Result<void>;
  /// An answer, whatever was answered before.
  auto answer(model::Finding const &finding) -> Result<void>;
  auto finish() && -> Result<std::vector<model::WatchAnswer>>;

private:
  /// True where the finding was counted in a window that is there.
  auto count_in_window(model::Finding const &finding) -> Result<bool>;
  auto open_window(model::Finding const &finding) -> Result<void>;

  sqlite::Connection &connection_;
  Time now_;
  std::map<model::WatchId, model::Watch> watches_;
  std::map<model::WatchId, std::uint64_t> windows_;  // open ones
  std::map<model::WatchId, std::uint64_t> made_;
  std::vector<model::WatchAnswer> answers_;
};

}  // namespace noroshi::know::rows
