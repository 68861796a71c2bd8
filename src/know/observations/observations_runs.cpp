#include "know/observations/observations_runs.hpp"

#include <array>

#include <fmt/core.h>

namespace noroshi::know::observations {

auto run_table(std::int64_t number) -> std::string { return fmt::format("profile_run_{}", number); }

auto run_table_sql(std::int64_t number) -> std::string {
  return fmt::format("CREATE TABLE {} (src_high UBIGINT NOT NULL, src_low UBIGINT NOT NULL, state BLOB NOT NULL)",
                     run_table(number));
}

auto runs_in_order(std::vector<std::int64_t> const &runs, std::string_view where, std::string_view order)
    -> std::string {
  auto sql = std::string{};
  for (auto const run : runs)
    sql += fmt::format("{}SELECT src_high, src_low, state, {} AS run, rowid AS position FROM {} WHERE {}",
                       sql.empty() ? "" : " UNION ALL ", run, run_table(run), where);
  if (!order.empty()) sql += fmt::format(" ORDER BY {}", order);
  return sql;
}

RunWriter::RunWriter(duck::Appender appender, duck::Chunk chunk)
    : appender_(std::move(appender)), chunk_(std::move(chunk)) {
  find_vectors();
}

void RunWriter::find_vectors() {
  duckdb_data_chunk_reset(chunk_.get());
  high_ = static_cast<std::uint64_t *>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_.get(), 0)));
  low_ = static_cast<std::uint64_t *>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_.get(), 1)));
  state_ = duckdb_data_chunk_get_vector(chunk_.get(), 2);
  rows_ = 0;
}

auto RunWriter::open(duck::Connection const &connection, std::int64_t number) -> Result<RunWriter> {
  TRY(auto appender, duck::Appender::open(connection, run_table(number)));
  auto const number_type = duck::LogicalType{duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT)};
  auto const blob_type = duck::LogicalType{duckdb_create_logical_type(DUCKDB_TYPE_BLOB)};
  auto types = std::array{number_type.get(), number_type.get(), blob_type.get()};
  return RunWriter{std::move(appender), duck::Chunk{duckdb_create_data_chunk(types.data(), types.size())}};
}

auto RunWriter::add(model::IpAddress address, std::string const &state) -> Result<void> {
  high_[rows_] = address.high();
  low_[rows_] = address.low();
  duckdb_vector_assign_string_element_len(state_, rows_, state.data(), state.size());
  if (++rows_ < duckdb_vector_size()) return ok;
  return flush();
}

auto RunWriter::flush() -> Result<void> {
  if (rows_ == 0) return ok;
  duckdb_data_chunk_set_size(chunk_.get(), rows_);
  TRY_VOID(appender_.append(chunk_.get()));
  find_vectors();
  return ok;
}

auto RunWriter::close() -> Result<void> {
  TRY_VOID(flush());
  return appender_.close();
}

}  // namespace noroshi::know::observations
