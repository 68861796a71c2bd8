// The wide table of a day: its columns in order, as SQL and as DuckDB types, and how a row becomes an observation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "know/observations/observations_duck.hpp"
#include "know/observations/observations_secrets.hpp"
#include "model/observation.hpp"
#include "model/ports/observation_store.hpp"

namespace noroshi::know::observations {

/// The columns that every row has, in order; one column for each of model::fields() follows, NULL where absent.
enum class Column : std::uint8_t {
  time,
  received,
  sensor,
  visit,
  sequence,
  kind,
  transport,
  src_high,
  src_low,
  src_port,
  dst_high,
  dst_low,
  dst_port,
  service,
  extra,
};
inline constexpr auto kFixedColumns = std::size_t{15};
/// Behind the fields: where the source came from, NULL where nothing was known.
enum class WhereColumn : std::uint8_t {
  country,
  asn,
  flags,  // bits, see model::FlagKind
  where,  // model::encode(WhereFrom): all of it, with network and each flag's list
};
inline constexpr auto kWhereColumns = std::size_t{4};
inline constexpr auto kColumnCount = kFixedColumns + model::kFieldCount + kWhereColumns;
constexpr auto column_of(model::Field field) -> std::size_t {
  return kFixedColumns + static_cast<std::size_t>(field) - 1;
}

constexpr auto column_of(WhereColumn column) -> std::size_t {
  return kFixedColumns + model::kFieldCount + static_cast<std::size_t>(column);
}

struct ColumnInfo {
  std::string_view name;
  std::string_view sql_type;
  duckdb_type type;
};
auto columns() -> std::vector<ColumnInfo> const &;

/// "obs_20261121".
auto table_of(Day day) -> std::string;
/// The CREATE TABLE statement.
auto table_sql(std::string_view table) -> std::string;
/// Those of columns() that `present` lacks: what an earlier version wrote has fewer.
auto missing_columns(std::vector<std::string> const &present) -> std::vector<ColumnInfo>;
/// All columns in order, quoted, for SELECT.
auto column_list() -> std::string const &;

/// A UUID as DuckDB keeps it: a signed 128-bit number whose top bit is turned, so that order is the text's order.
inline auto to_duck(model::Uuid const &id) -> duckdb_hugeint {
  return {id.low(), static_cast<std::int64_t>(id.high() ^ (std::uint64_t{1} << 63))};
}
inline auto from_duck(duckdb_hugeint number) -> model::Uuid {
  return {static_cast<std::uint64_t>(number.upper) ^ (std::uint64_t{1} << 63), number.lower};
}
inline auto from_micros(std::int64_t micros) -> Time { return Time{Duration{micros}}; }

/// The current row of a SELECT of column_list(). Secrets are opened where `keys` is given and still has the day's key.
auto read_row(duck::Rows const &rows, SecretKeys const *keys) -> model::StoredObservation;

}  // namespace noroshi::know::observations
