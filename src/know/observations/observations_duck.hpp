// DuckDB's C API with owners, our error idiom and a deadline for each query. Only what duckdb.h declares is used.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <duckdb.h>

#include "base/result.hpp"

namespace noroshi::know::duck {

/// Accepted: the header's own version and later, up to the release series that the tests run with.
/// `version` is "v1.5.6"; a version outside says what is wanted.
auto check_version(std::string_view version) -> Result<void>;

/// Calls a C destroy function on what it owns.
template <class Handle, void (*destroy)(Handle *)>
class Owned {
public:
  Owned() = default;
  explicit Owned(Handle handle) : handle_(handle) {}
  Owned(Owned &&other) noexcept : handle_(std::exchange(other.handle_, Handle{})) {}
  auto operator=(Owned &&other) noexcept -> Owned & {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Owned(Owned const &) = delete;
  auto operator=(Owned const &) -> Owned & = delete;
  ~Owned() {
    if (handle_ != nullptr) destroy(&handle_);
  }
  [[nodiscard]] auto get() const -> Handle { return handle_; }
  auto put() -> Handle * { return &handle_; }

private:
  Handle handle_{};
};
using Chunk = Owned<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using LogicalType = Owned<duckdb_logical_type, duckdb_destroy_logical_type>;

/// The rows of an answer, one after the other. Texts live until the next row.
class Rows {
public:
  Rows() = default;
  explicit Rows(duckdb_result result) : result_(std::make_unique<Held>(result)) {}

  /// Moves to the first or next row; false at the end, or where a streamed answer failed (then error() says so).
  auto next() -> bool;
  [[nodiscard]] auto error() const -> std::string_view { return error_; }
  [[nodiscard]] auto is_null(std::size_t column) const -> bool {
    auto const *const validity = columns_[column].validity;
    return validity != nullptr && (validity[row_ >> 6] >> (row_ & 63) & 1) == 0;
  }
  /// The column must have exactly this type in DuckDB.
  template <class Number>
  [[nodiscard]] auto number(std::size_t column) const -> Number {
    return static_cast<Number const *>(columns_[column].data)[row_];
  }
  /// VARCHAR or BLOB.
  [[nodiscard]] auto text(std::size_t column) const -> std::string_view {
    auto *const string =
        const_cast<duckdb_string_t *>(static_cast<duckdb_string_t const *>(columns_[column].data)) + row_;
    return {duckdb_string_t_data(string), duckdb_string_t_length(*string)};
  }

private:
  struct Held {
    explicit Held(duckdb_result held) : result(held) {}
    Held(Held const &) = delete;
    auto operator=(Held const &) -> Held & = delete;
    ~Held() { duckdb_destroy_result(&result); }
    duckdb_result result;
  };
  struct Column {
    void const *data;
    std::uint64_t const *validity;
  };
  auto next_chunk() -> bool;

  std::unique_ptr<Held> result_;
  Chunk chunk_;
  std::vector<Column> columns_;
  std::size_t row_ = 0, rows_ = 0;
  std::string error_;
};

enum class Fetch : std::uint8_t {
  whole,     // the answer is held in memory
  streamed,  // for answers larger than memory; the connection is busy until the last row
};

/// One connection; used by one thread at a time.
class Connection {
public:
  Connection() = default;
  static auto open(duckdb_database database) -> Result<Connection>;

  /// One or more statements without answer.
  auto run(std::string const &sql) -> Result<void>;
  /// One statement; `texts` are bound to its ? in order.
  auto query(std::string const &sql, std::vector<std::string> const &texts = {}, Fetch fetch = Fetch::whole)
      -> Result<Rows>;
  /// The first column of the only row, a UBIGINT or BIGINT; 0 where there is no row.
  auto count(std::string const &sql) -> Result<std::uint64_t>;
  [[nodiscard]] auto get() const -> duckdb_connection { return connection_.get(); }

private:
  Owned<duckdb_connection, duckdb_disconnect> connection_;
};

/// Appends chunks to one table, in the connection's transaction.
class Appender {
public:
  /// `columns` are those that chunks bring, in their order; none: all, in the table's.
  static auto open(Connection const &connection, std::string const &table, std::vector<std::string> const &columns = {})
      -> Result<Appender>;
  auto append(duckdb_data_chunk chunk) -> Result<void>;
  /// Hands all rows to the transaction.
  auto close() -> Result<void>;

private:
  static void destroy(duckdb_appender *appender) { duckdb_appender_destroy(appender); }
  auto failed(std::string_view doing) -> Error;
  Owned<duckdb_appender, destroy> appender_;
  std::string table_;
};

/// Turns DuckDB's message into our error: interrupted is timed_out, a full disk or no memory unavailable.
auto duck_error(std::string_view doing, char const *message) -> Error;

/// True where DuckDB refuses its file from now on (a checkpoint failed, or another fatal error).
auto gave_up(Error const &error) -> bool;

/// 'it''s' for SQL.
auto quoted(std::string_view text) -> std::string;

}  // namespace noroshi::know::duck
