// The indicator store on SQLite, until the project's own engine takes its place behind the same port.
#pragma once

#include <memory>

#include "know/indicator_store.hpp"
#include "know/sqlite_database.hpp"

namespace noroshi::know {

class SqliteIndicatorStore final : public model::IndicatorStore {
public:
  explicit SqliteIndicatorStore(std::unique_ptr<sqlite::Database> database) : database_(std::move(database)) {}

  // look_up.cpp
  auto look_up(std::span<model::Value const> values, model::Viewer const &viewer, Time now)
      -> Result<std::vector<std::vector<model::Hit>>> override;
  // list.cpp
  auto list(model::IndicatorFilter const &filter, std::optional<model::Value> const &after, std::size_t limit,
            model::Viewer const &viewer, Time now) -> Result<std::vector<model::ListedIndicator>> override;
  // apply.cpp
  auto apply(model::IndicatorCommit const &commit) -> Result<void> override;
  // open.cpp
  auto cursor(std::string_view stream) -> Result<std::uint64_t> override;
  auto stats() -> Result<model::IndicatorStats> override;
  auto copy_to(std::string const &path) -> Result<void> override { return database_->copy_to(path); }

private:
  std::unique_ptr<sqlite::Database> database_;
};

/// Position of the last commit applied from `stream`, as this connection's snapshot has it.
auto read_cursor(sqlite::Connection &connection, std::string_view stream) -> Result<std::uint64_t>;

}  // namespace noroshi::know
