// One run of a prepared SQLite statement: parameters in, rows out.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/id.hpp"

struct sqlite3_stmt;

namespace noroshi::know::sqlite {

/// Bytes to bind as a BLOB; plain text binds as TEXT.
struct Blob {
  std::string_view bytes;
};

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

}  // namespace noroshi::know::sqlite
