// The peer of benchmarks that store observations: DuckDB's own appender with the same columns and ready-made rows.
#pragma once

#include <string>

#include "bench/traffic.hpp"
#include "know/observations/observations_duck.hpp"
#include "know/observations/observations_schema.hpp"

namespace noroshi::bench {

namespace duck = know::duck;
namespace observations = know::observations;

/// DuckDB as its documentation shows it: default settings, chunks of ready-made rows, one transaction a group.
class BareAppender {
public:
  explicit BareAppender(std::string const &path) {
    if (duckdb_open(path.c_str(), &database_) != DuckDBSuccess)
      give_up(fail(ErrorCode::internal, "the peer does not open"));
    connection_ = must(duck::Connection::open(database_));
    must(connection_.run(observations::table_sql("peer")));
    auto types = std::vector<duckdb_logical_type>{};
    for (auto const &column : observations::columns()) types.push_back(duckdb_create_logical_type(column.type));
    chunk_ = duck::Chunk{duckdb_create_data_chunk(types.data(), types.size())};
    for (auto &type : types) duckdb_destroy_logical_type(&type);
  }
  BareAppender(BareAppender const &) = delete;
  auto operator=(BareAppender const &) -> BareAppender & = delete;
  ~BareAppender() {
    chunk_ = {};
    connection_ = {};
    duckdb_close(&database_);
  }

  void write(Group const &group) {
    must(connection_.run("BEGIN TRANSACTION"));
    auto appender = must(duck::Appender::open(connection_, "peer"));
    auto const step = duckdb_vector_size();
    for (auto at = std::size_t{0}; at < group.rows.size(); at += step) {
      duckdb_data_chunk_reset(chunk_.get());
      auto const rows = std::min<std::size_t>(step, group.rows.size() - at);
      for (auto i = std::size_t{0}; i < rows; ++i)
        fill_fixed(i, group.rows[at + i], group.batches[(at + i) / kBatchRows]);
      for (auto const &field : model::fields()) fill_field(field, group, at, rows);
      for (auto column = observations::column_of(observations::WhereColumn::country);
           column < observations::kColumnCount; ++column)
        fill_nothing(column, rows);
      duckdb_data_chunk_set_size(chunk_.get(), rows);
      must(appender.append(chunk_.get()));
    }
    must(appender.close());
    must(connection_.run("COMMIT"));
  }
  auto connection() -> duck::Connection & { return connection_; }

private:
  auto vector(std::size_t column) -> duckdb_vector { return duckdb_data_chunk_get_vector(chunk_.get(), column); }
  template <class Number>
  void put(std::size_t column, std::size_t row, Number number) {
    static_cast<Number *>(duckdb_vector_get_data(vector(column)))[row] = number;
  }
  void fill_fixed(std::size_t row, model::Observation const &from, model::ReceivedBatch const &batch) {
    put(0, row, std::int64_t{from.time.time_since_epoch().count()});
    put(1, row, std::int64_t{batch.received.time_since_epoch().count()});
    put(2, row, batch.sensor.number);
    put(3, row, observations::to_duck(from.visit));
    put(4, row, from.sequence);
    put(5, row, static_cast<std::uint8_t>(from.kind));
    put(6, row, static_cast<std::uint8_t>(from.transport));
    put(7, row, from.source.address.high());
    put(8, row, from.source.address.low());
    put(9, row, from.source.port);
    put(10, row, from.destination.address.high());
    put(11, row, from.destination.address.low());
    put(12, row, from.destination.port);
    duckdb_vector_assign_string_element_len(vector(13), row, from.service.data(), from.service.size());
    if (row == 0) duckdb_vector_ensure_validity_writable(vector(14));
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector(14)), row);
  }
  void fill_nothing(std::size_t column, std::size_t rows) {
    duckdb_vector_ensure_validity_writable(vector(column));
    for (auto i = std::size_t{0}; i < rows; ++i)
      duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector(column)), i);
  }
  void fill_field(model::FieldInfo const &field, Group const &group, std::size_t at, std::size_t rows) {
    auto const column = observations::column_of(field.field);
    auto *const to = vector(column);
    duckdb_vector_ensure_validity_writable(to);
    auto *const validity = duckdb_vector_get_validity(to);
    for (auto i = std::size_t{0}; i < rows; ++i) {
      auto const &from = group.rows[at + i];
      if (!from.has(field.field)) {
        duckdb_validity_set_row_invalid(validity, i);
      } else if (field.type == model::FieldType::number) {
        put(column, i, from.number(field.field));
      } else if (field.type == model::FieldType::flag) {
        put(column, i, from.number(field.field) != 0);
      } else {
        auto const text = from.text(field.field);
        duckdb_vector_assign_string_element_len(to, i, text.data(), text.size());
      }
    }
  }

  duckdb_database database_ = nullptr;
  duck::Connection connection_;
  duck::Chunk chunk_;
};

/// Rows, and a number that depends on every value but the sealed ones, whatever their order.
struct Contents {
  std::uint64_t rows = 0, checksum = 0, secrets = 0;
  auto operator==(Contents const &) const -> bool = default;
};
inline auto contents(duck::Connection &connection, std::string const &table) -> Contents {
  auto list = std::string{};
  for (auto const &column : observations::columns())
    if (column.name != "password") list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", column.name);
  auto rows = must(connection.query(
      fmt::format("SELECT count(*)::UBIGINT, bit_xor(hash({})) , count(password)::UBIGINT FROM {}", list, table)));
  rows.next();
  return {rows.number<std::uint64_t>(0), rows.number<std::uint64_t>(1), rows.number<std::uint64_t>(2)};
}

}  // namespace noroshi::bench
