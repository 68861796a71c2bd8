#include "know/observations/observations_schema.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace noroshi::know::observations {

namespace {

auto fixed_columns() -> std::vector<ColumnInfo> {
  // Addresses are two UBIGINTs: HUGEINT becomes a double in Parquet, and INET is an extension that would be downloaded.
  return {{"time", "TIMESTAMP", DUCKDB_TYPE_TIMESTAMP},     {"received", "TIMESTAMP", DUCKDB_TYPE_TIMESTAMP},
          {"sensor", "BIGINT", DUCKDB_TYPE_BIGINT},         {"visit", "UUID", DUCKDB_TYPE_UUID},
          {"sequence", "UINTEGER", DUCKDB_TYPE_UINTEGER},   {"kind", "UTINYINT", DUCKDB_TYPE_UTINYINT},
          {"transport", "UTINYINT", DUCKDB_TYPE_UTINYINT},  {"src_high", "UBIGINT", DUCKDB_TYPE_UBIGINT},
          {"src_low", "UBIGINT", DUCKDB_TYPE_UBIGINT},      {"src_port", "USMALLINT", DUCKDB_TYPE_USMALLINT},
          {"dst_high", "UBIGINT", DUCKDB_TYPE_UBIGINT},     {"dst_low", "UBIGINT", DUCKDB_TYPE_UBIGINT},
          {"dst_port", "USMALLINT", DUCKDB_TYPE_USMALLINT}, {"service", "VARCHAR", DUCKDB_TYPE_VARCHAR},
          {"extra", "VARCHAR", DUCKDB_TYPE_VARCHAR}};
}

auto field_column(model::FieldInfo const &field) -> ColumnInfo {
  if (field.secret) return {field.name, "BLOB", DUCKDB_TYPE_BLOB};
  switch (field.type) {
    case model::FieldType::text: return {field.name, "VARCHAR", DUCKDB_TYPE_VARCHAR};
    case model::FieldType::bytes: return {field.name, "BLOB", DUCKDB_TYPE_BLOB};
    case model::FieldType::number: return {field.name, "BIGINT", DUCKDB_TYPE_BIGINT};
    case model::FieldType::flag: return {field.name, "BOOLEAN", DUCKDB_TYPE_BOOLEAN};
  }
  return {};
}

auto where_columns() -> std::array<ColumnInfo, kWhereColumns> {
  return {{{"src_country", "VARCHAR", DUCKDB_TYPE_VARCHAR},
           {"src_asn", "UINTEGER", DUCKDB_TYPE_UINTEGER},
           {"src_flags", "UINTEGER", DUCKDB_TYPE_UINTEGER},
           {"src_where", "VARCHAR", DUCKDB_TYPE_VARCHAR}}};
}

constexpr auto at(Column column) -> std::size_t { return static_cast<std::size_t>(column); }

auto text_or_nothing(duck::Rows const &rows, Column column) -> std::string {
  return rows.is_null(at(column)) ? std::string{} : std::string{rows.text(at(column))};
}

auto read_endpoint(duck::Rows const &rows, Column high, Column low, Column port) -> model::Endpoint {
  return {model::IpAddress{rows.number<std::uint64_t>(at(high)), rows.number<std::uint64_t>(at(low))},
          rows.number<std::uint16_t>(at(port))};
}

void read_field(duck::Rows const &rows, model::FieldInfo const &field, SecretKeys const *keys,
                model::StoredObservation &to) {
  auto const column = column_of(field.field);
  if (rows.is_null(column)) return;
  if (field.secret) {
    if (keys == nullptr) return;
    if (auto plain = keys->open(day_of(to.received), rows.text(column)))
      to.fields.push_back({field.field, *std::move(plain), 0});
    return;
  }
  switch (field.type) {
    case model::FieldType::text:
    case model::FieldType::bytes: to.fields.push_back({field.field, std::string{rows.text(column)}, 0}); break;
    case model::FieldType::number: to.fields.push_back({field.field, {}, rows.number<std::int64_t>(column)}); break;
    case model::FieldType::flag: to.fields.push_back({field.field, {}, rows.number<bool>(column) ? 1 : 0}); break;
  }
}

}  // namespace

auto columns() -> std::vector<ColumnInfo> const & {
  static auto const all = [] {
    auto list = fixed_columns();
    for (auto const &field : model::fields()) list.push_back(field_column(field));
    for (auto const &column : where_columns()) list.push_back(column);
    return list;
  }();
  return all;
}

auto missing_columns(std::vector<std::string> const &present) -> std::vector<ColumnInfo> {
  auto missing = std::vector<ColumnInfo>{};
  for (auto const &column : columns())
    if (std::ranges::find(present, column.name) == present.end()) missing.push_back(column);
  return missing;
}

auto table_of(Day day) -> std::string {
  auto text = std::string{"obs_"};
  for (auto const character : to_string(day))
    if (character != '-') text.push_back(character);
  return text;
}

auto table_sql(std::string_view table) -> std::string {
  auto sql = fmt::format("CREATE TABLE IF NOT EXISTS {} (", table);
  for (auto i = std::size_t{0}; i < columns().size(); ++i)
    sql += fmt::format("{}\"{}\" {}", i == 0 ? "" : ", ", columns()[i].name, columns()[i].sql_type);
  return sql + ")";
}

auto column_list() -> std::string const & {
  static auto const list = [] {
    auto text = std::string{};
    for (auto const &column : columns()) text += fmt::format("{}\"{}\"", text.empty() ? "" : ", ", column.name);
    return text;
  }();
  return list;
}

auto read_row(duck::Rows const &rows, SecretKeys const *keys) -> model::StoredObservation {
  auto row = model::StoredObservation{};
  row.time = from_micros(rows.number<std::int64_t>(at(Column::time)));
  row.received = from_micros(rows.number<std::int64_t>(at(Column::received)));
  row.sensor = {rows.number<std::int64_t>(at(Column::sensor))};
  row.visit = from_duck(rows.number<duckdb_hugeint>(at(Column::visit)));
  row.sequence = rows.number<std::uint32_t>(at(Column::sequence));
  row.kind = static_cast<model::Kind>(rows.number<std::uint8_t>(at(Column::kind)));
  row.transport = static_cast<model::Transport>(rows.number<std::uint8_t>(at(Column::transport)));
  row.source = read_endpoint(rows, Column::src_high, Column::src_low, Column::src_port);
  row.destination = read_endpoint(rows, Column::dst_high, Column::dst_low, Column::dst_port);
  row.service = text_or_nothing(rows, Column::service);
  row.extra = text_or_nothing(rows, Column::extra);
  for (auto const &field : model::fields()) read_field(rows, field, keys, row);
  if (auto const where = column_of(WhereColumn::where); !rows.is_null(where))
    row.where = model::decode_where(from_lossless_utf8(rows.text(where)));
  return row;
}

}  // namespace noroshi::know::observations
