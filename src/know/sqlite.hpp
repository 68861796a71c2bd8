// A thin hold on SQLite: a connection with its statements, transactions, and every failure as a sentence.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "base/result.hpp"
#include "know/sqlite_query.hpp"

struct sqlite3;

namespace noroshi::know::sqlite {

enum class Access : std::uint8_t {
  create,  // reads and writes; the file is made where it is missing
  write,   // reads and writes a file that exists
  read,    // reads only; works beside a process that writes
};

/// Longest wait for another process that holds the file (a backup, a second program): long enough for a checkpoint of a
/// large log, short enough that a person still waits for the sentence.
inline constexpr auto kBusyTimeoutMs = 5'000;

/// Whether files can be made beside the one at `path`, as SQLite must where it is more than a lone reader.
auto folder_is_writable(std::string const &path) -> bool;

/// One connection to one file. For one thread at a time. Movable only while no Query is alive.
class Connection {
public:
  /// `name` says in errors what the file is ("catalogue"). Sets what every store of ours wants: WAL, synchronous=FULL,
  /// foreign keys, a busy timeout. A file that is damaged or no SQLite database is an error that says what to do next.
  static auto open(std::string name, std::string path, Access access) -> Result<std::unique_ptr<Connection>>;
  Connection(Connection const &) = delete;
  auto operator=(Connection const &) -> Connection & = delete;
  ~Connection();

  /// A statement, prepared once and kept: `sql` must be one of a bounded number of texts.
  auto query(std::string_view sql) -> Query;
  /// Runs one statement that has parameters and no rows.
  template <class... Arguments>
  auto run(std::string_view sql, Arguments const &...arguments) -> Result<void> {
    return query(sql).bind(arguments...).run();
  }
  /// Runs any number of statements without parameters, e.g. a migration.
  auto execute(std::string const &script) -> Result<void>;

  /// Runs `act` (→ Result<T>) in a transaction begun by `begin`: committed where it succeeds, else undone.
  template <class Act>
  auto transact(std::string_view begin, Act &&act) -> std::invoke_result_t<Act, Connection &> {
    TRY_VOID(run(begin));
    auto result = std::forward<Act>(act)(*this);
    if (!result) {
      roll_back();
      return result;
    }
    if (auto committed = run("COMMIT"); !committed) {
      roll_back();
      return std::move(committed).error();
    }
    return result;
  }

  [[nodiscard]] auto last_row_id() const -> std::int64_t;
  /// Rows that the last statement changed.
  [[nodiscard]] auto changes() const -> std::int64_t;
  [[nodiscard]] auto path() const -> std::string const & { return path_; }
  /// "catalogue /data/catalogue.sqlite", for errors.
  [[nodiscard]] auto title() const -> std::string { return name_ + " " + path_; }
  /// What SQLite's `code` means here: what, where, what next.
  [[nodiscard]] auto failure(int code) const -> Error;

private:
  Connection(std::string name, std::string path) : name_(std::move(name)), path_(std::move(path)) {}
  auto connect(Access access) -> Result<void>;
  void roll_back();

  std::string name_;
  std::string path_;
  sqlite3 *handle_ = nullptr;
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, sqlite3_stmt *, TextHash, std::equal_to<>> statements_;
};

}  // namespace noroshi::know::sqlite
