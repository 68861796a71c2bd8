// What the parts of the observation store share: the database, its state in memory, and the locks.
//
// Locks, always taken in this order: maintenance (closing and dropping days), apply (the one writer), state (short: the
// state in memory, and the moment at which a snapshot of the database begins or a change of its layout is committed, so
// that a reader's snapshot and its copy of the layout agree).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/file.hpp"
#include "know/line_filter.hpp"
#include "know/observation_store.hpp"
#include "know/observations/observations_duck.hpp"
#include "know/observations/observations_history.hpp"
#include "know/observations/observations_secrets.hpp"
#include "know/observations/observations_watchdog.hpp"

namespace noroshi::know::observations {

/// Attackers choose IPv6 sources freely, so the table's hash has a secret of this process.
struct AddressHash {
  static auto secret() -> std::uint64_t;
  auto operator()(model::IpAddress const &address) const noexcept -> std::size_t {
    std::uint64_t const halves[2] = {address.high(), address.low()};
    return ::XXH3_64bits_withSeed(halves, sizeof halves, secret());
  }
};
template <class Text>
using Histories = std::unordered_map<model::IpAddress, History<Text>, AddressHash>;

/// A day whose rows are in a table. With `rows` 0 the table may not exist yet.
struct OpenDay {
  std::uint64_t rows = 0;
  GrowingFilter filter;
  std::unordered_set<std::uint64_t> seen_texts;  // of texts whose names are in the filter; the writer's, bounded
};

/// One Parquet file of a closed day, with its filter. Goes from the disk when it is doomed and its last reader is done.
struct ClosedPart {
  Day day;
  std::string path;  // of the Parquet file
  std::string from;  // what stands for its rows behind FROM, with the columns of today
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::unique_ptr<FilterFile> filter;
  std::atomic<bool> doomed = false;

  ClosedPart() = default;
  ClosedPart(ClosedPart const &) = delete;
  auto operator=(ClosedPart const &) -> ClosedPart & = delete;
  ~ClosedPart();
};

struct State {
  std::map<Day, OpenDay> open;
  std::vector<std::shared_ptr<ClosedPart>> closed;  // by day; shared with the readers that began before a drop
  Histories<std::string> fresh;                     // of observations that no run table covers yet
  std::uint64_t fresh_rows = 0;
  std::uint64_t next_stamp = kFirstStamp;
  std::vector<std::int64_t> runs;  // numbers of the profile run tables, oldest first; the last takes new rows
};

struct Paths {
  explicit Paths(std::string root) : directory(std::move(root)) {}
  std::string directory;
  std::string database = directory + "/observations.duckdb";
  std::string days = directory + "/days";
  std::string temporary = directory + "/tmp";
  std::string keys = directory + "/keys";
  std::string lock = directory + "/lock";
  [[nodiscard]] static auto filter_of(std::string_view parquet) -> std::string;
};

/// Connections lent to readers.
class ConnectionPool {
public:
  /// Waits for a free one until the deadline (timed_out).
  auto borrow(duckdb_database database, duck::Watchdog::Instant deadline) -> Result<duck::Connection>;
  void give_back(duck::Connection connection);

private:
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<duck::Connection> free_;
  std::size_t lent_ = 0;
};

class Database {
public:
  Database() = default;
  Database(Database const &) = delete;
  auto operator=(Database const &) -> Database & = delete;
  ~Database() { duckdb_close(&handle); }
  duckdb_database handle = nullptr;
};

struct Core {
  explicit Core(ObservationStoreOptions from) : options(std::move(from)), paths(options.directory) {}

  /// A connection that speaks to the store's file.
  auto connect() -> Result<duck::Connection>;
  void step(std::string_view name) const {
    if (options.step) options.step(name);
  }

  ObservationStoreOptions options;
  Paths paths;
  std::unique_ptr<LockFile> lock;
  std::unique_ptr<SecretKeys> keys;
  FilterKey filter_key;
  Database database;
  duck::Watchdog watchdog;
  ConnectionPool pool;

  std::mutex maintenance_mutex;
  std::mutex apply_mutex;
  duck::Connection writer;     // under apply_mutex
  std::uint64_t position = 0;  // of the cursor; under apply_mutex
  std::mutex state_mutex;
  State state;

  std::atomic<bool> given_up = false;  // DuckDB refuses the file until it is opened again
};

/// Folders, lock, keys, database with its settings and meta tables; the state stays empty.
auto open_core(ObservationStoreOptions options) -> Result<std::unique_ptr<Core>>;

/// Runs `work` between BEGIN and COMMIT; undone where it fails.
template <class Work>
auto in_transaction(duck::Connection &connection, Work work) -> Result<void> {
  TRY_VOID(connection.run("BEGIN TRANSACTION"));
  auto outcome = work();
  if (outcome) outcome = connection.run("COMMIT");
  if (!outcome) (void)connection.run("ROLLBACK");
  return outcome;
}

}  // namespace noroshi::know::observations
