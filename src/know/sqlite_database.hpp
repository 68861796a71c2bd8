// One file, one writer, several readers: what the catalogue and the indicator store are built on.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "know/sqlite.hpp"
#include "know/sqlite_schema.hpp"

namespace noroshi::know::sqlite {

/// Readers beside each other. More would only wait for the same two to sixteen cores, and each has a page cache.
inline constexpr auto kMaxReaders = std::size_t{8};

struct DatabaseOptions {
  std::string name;  // what the file is, for errors
  std::string path;
  Access access = Access::create;
  std::int64_t reader_cache_kib = 2'048;
  std::int64_t writer_cache_kib = 8'192;
};

/// Thread-safe: reads run beside each other and beside one write, each on a snapshot of its own.
class Database {
public:
  /// Brings the schema up to date (Access::read: only checks it).
  static auto open(DatabaseOptions options, Schema const &schema) -> Result<std::unique_ptr<Database>>;

  /// Runs `ask` (Connection & → Result<T>) on one snapshot.
  template <class Ask>
  auto read(Ask &&ask) -> std::invoke_result_t<Ask, Connection &> {
    TRY(auto lease, lend());
    return lease.connection->transact("BEGIN", std::forward<Ask>(ask));
  }

  /// Runs `act` (Connection & → Result<T>) in a transaction, one at a time; durable when it returns without an error.
  template <class Act>
  auto write(Act &&act) -> std::invoke_result_t<Act, Connection &> {
    auto const guard = std::lock_guard{writing_};
    if (!writer_)
      return fail(ErrorCode::unavailable, "{} {} is open for reading only; ask the running node to change it",
                  options_.name, options_.path);
    return writer_->transact("BEGIN IMMEDIATE", std::forward<Act>(act));
  }

  /// One snapshot, written to a new file and synced.
  auto copy_to(std::string const &path) -> Result<void>;

  /// Bytes on disk, the log included.
  [[nodiscard]] auto bytes() const -> std::uint64_t;

private:
  explicit Database(DatabaseOptions options) : options_(std::move(options)) {}

  /// A reader that goes back to the pool by itself.
  struct Lease {
    Lease(Database &owner, std::unique_ptr<Connection> reader) : database(&owner), connection(std::move(reader)) {}
    Lease(Lease &&) noexcept = default;
    Lease(Lease const &) = delete;
    auto operator=(Lease const &) -> Lease & = delete;
    auto operator=(Lease &&) -> Lease & = delete;
    ~Lease() {
      if (connection) database->give_back(std::move(connection));
    }
    Database *database;
    std::unique_ptr<Connection> connection;
  };
  auto lend() -> Result<Lease>;
  auto open_reader() -> Result<std::unique_ptr<Connection>>;
  void give_back(std::unique_ptr<Connection> reader);

  DatabaseOptions options_;
  std::mutex writing_;
  std::unique_ptr<Connection> writer_;  // null where opened for reading only
  std::mutex lending_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t readers_ = 0;  // idle and lent
};

}  // namespace noroshi::know::sqlite
