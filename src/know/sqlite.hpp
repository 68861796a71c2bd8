// A thin hold on SQLite: a connection with its statements, transactions, and every failure as a sentence.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/id.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace noroshi::know::sqlite {

enum class Access : std::uint8_t {
  create,  // reads and writes; the file is made where it is missing
  write,   // reads and writes a file that exists
  read,    // reads only; works beside a process that writes
};

/// Bytes to bind as a BLOB; plain text binds as TEXT.
struct Blob {
  std::string_view bytes;
};

/// Longest wait for another process that holds the file (a backup, a second program): long enough for a checkpoint of a
/// large log, short enough that a person still waits for the sentence.
inline constexpr auto kBusyTimeoutMs = 5'000;

/// Whether files can be made beside the one at `path`, as SQLite must where it is more than a lone reader.
auto folder_is_writable(std::string const &path) -> bool;

class Connection;

/// One run of a prepared statement: bind, then step through its rows. Errors of preparing and binding come out of
/// step() or run(). Reset when destroyed; must not outlive its connection.
class Query {
public:
  Query(Query &&other) noexcept
      : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)), code_(other.code_) {}
  Query(Query const &) = delete;
  auto operator=(Query const &) -> Query & = delete;
  auto operator=(Query &&) -> Query & = delete;
  ~Query();

  /// Binds the statement's parameters from the first on, and starts it over.
  template <class... Arguments>
  auto bind(Arguments const &...arguments) -> Query & {
    rewind();
    return bind_more(arguments...);
  }
  /// Binds the parameters behind those bound so far.
  template <class... Arguments>
  auto bind_more(Arguments const &...arguments) -> Query & {
    (bind_one(arguments), ...);
    return *this;
  }
  /// True: a row is there to read. False: no further row.
  auto step() -> Result<bool>;
  /// For statements without rows.
  auto run() -> Result<void>;

  // The columns of the current row, from 0. NULL reads as 0 or "".
  [[nodiscard]] auto integer(int column) const -> std::int64_t;
  [[nodiscard]] auto unsigned_integer(int column) const -> std::uint64_t {
    return static_cast<std::uint64_t>(integer(column));
  }
  [[nodiscard]] auto real(int column) const -> double;
  /// TEXT or BLOB; valid until the next step.
  [[nodiscard]] auto text(int column) const -> std::string_view;
  [[nodiscard]] auto is_null(int column) const -> bool;
  [[nodiscard]] auto time(int column) const -> Time { return Time{Duration{integer(column)}}; }
  [[nodiscard]] auto optional_time(int column) const -> std::optional<Time> {
    return is_null(column) ? std::nullopt : std::optional{time(column)};
  }
  template <class Enum>
  [[nodiscard]] auto enumerated(int column) const -> Enum {
    return static_cast<Enum>(integer(column));
  }

private:
  friend class Connection;
  Query(Connection &connection, sqlite3_stmt *statement, int code)
      : connection_(&connection), statement_(statement), code_(code) {}

  void rewind();
  void bind_integer(std::int64_t number);
  void bind_one(double number);
  void bind_one(std::string_view text);
  void bind_one(Blob blob);
  void bind_one(std::nullptr_t);
  template <class Number>
    requires std::integral<Number> || std::is_enum_v<Number>
  void bind_one(Number number) {
    bind_integer(static_cast<std::int64_t>(number));
  }
  void bind_one(Time time) { bind_integer(time.time_since_epoch().count()); }
  template <class Tag>
  void bind_one(model::NumberedId<Tag> id) {
    bind_integer(id.number);
  }
  template <class T>
  void bind_one(std::optional<T> const &value) {
    value ? bind_one(*value) : bind_one(nullptr);
  }

  Connection *connection_;
  sqlite3_stmt *statement_;
  int code_;           // SQLite's code of the first failure; 0: none so far
  int parameter_ = 0;  // last one bound
};

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
