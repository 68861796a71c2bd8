#include "know/observations/observations_writer.hpp"

#include <bit>
#include <cstring>
#include <span>

#include "base/text.hpp"
#include "model/batch.hpp"

namespace noroshi::know::observations {

namespace {

/// True where lossless_utf8() would change nothing, for nearly all texts: ASCII without NUL and backslash. Eight bytes
/// a step (the classic zero-byte test; Hacker's Delight, section 6-1).
auto is_plain(std::string_view text) -> bool {
  constexpr auto kOnes = std::uint64_t{0x0101'0101'0101'0101};
  constexpr auto kHighs = kOnes * 0x80;
  auto const suspicious = [](std::uint64_t word) {
    auto const slash = word ^ (kOnes * '\\');
    return ((word | ((word - kOnes) & ~word) | ((slash - kOnes) & ~slash)) & kHighs) != 0;
  };
  while (text.size() >= 8) {
    auto word = std::uint64_t{};
    std::memcpy(&word, text.data(), 8);
    if (suspicious(word)) return false;
    text.remove_prefix(8);
  }
  auto last = kOnes * 'a';
  if (!text.empty()) std::memcpy(&last, text.data(), text.size());
  return !suspicious(last);
}

void put_string(void *data, std::size_t row, std::string_view text) {
  auto &string = static_cast<duckdb_string_t *>(data)[row];
  auto const length = static_cast<std::uint32_t>(text.size());
  constexpr auto kInlined = sizeof(string.value.inlined.inlined);
  if (length <= kInlined) {
    string.value.inlined.length = length;
    std::memset(string.value.inlined.inlined, 0, kInlined);
    if (length != 0) std::memcpy(string.value.inlined.inlined, text.data(), length);
    return;
  }
  string.value.pointer.length = length;
  std::memcpy(string.value.pointer.prefix, text.data(), sizeof string.value.pointer.prefix);
  string.value.pointer.ptr = const_cast<char *>(text.data());  // DuckDB copies it while appending
}

}  // namespace

ChunkWriter::ChunkWriter() : capacity_(duckdb_vector_size()) {
  auto types = std::vector<duck::LogicalType>{};
  auto handles = std::vector<duckdb_logical_type>{};
  for (auto const &column : columns()) {
    types.emplace_back(duckdb_create_logical_type(column.type));
    handles.push_back(types.back().get());
  }
  chunk_ = duck::Chunk{duckdb_create_data_chunk(handles.data(), handles.size())};
}

void ChunkWriter::start() {
  duckdb_data_chunk_reset(chunk_.get());
  rows_ = 0;
  kept_.clear();
  last_where_ = nullptr;
  for (auto i = std::size_t{0}; i < kColumnCount; ++i) {
    auto *const vector = duckdb_data_chunk_get_vector(chunk_.get(), i);
    vectors_[i] = {duckdb_vector_get_data(vector), nullptr};
    if (i < static_cast<std::size_t>(Column::service)) continue;  // the columns before are never NULL
    duckdb_vector_ensure_validity_writable(vector);
    vectors_[i].validity = duckdb_vector_get_validity(vector);
    std::memset(vectors_[i].validity, 0, (capacity_ + 63) / 64 * sizeof(std::uint64_t));
  }
}

auto ChunkWriter::finish() -> duckdb_data_chunk {
  duckdb_data_chunk_set_size(chunk_.get(), rows_);
  return chunk_.get();
}

auto ChunkWriter::keep(std::string text) -> std::string_view {
  return *kept_.emplace_back(std::make_unique<std::string>(std::move(text)));
}

void ChunkWriter::put_endpoint(Column high, model::Endpoint const &endpoint) {
  auto const next = [&](int by) { return static_cast<Column>(static_cast<int>(high) + by); };
  put(high, endpoint.address.high());
  put(next(1), endpoint.address.low());
  put(next(2), endpoint.port);
}

void ChunkWriter::put_text(std::size_t column, std::string_view text) {
  mark_present(column);
  put_string(vectors_[column].data, rows_, is_plain(text) ? text : keep(lossless_utf8(text)));
}

void ChunkWriter::put_field(model::Observation const &observation, model::FieldInfo const &field, Sealer &sealer) {
  auto const column = column_of(field.field);
  auto *const data = vectors_[column].data;
  if (field.secret) {
    auto sealed = std::string{};
    sealer.seal(observation.text(field.field), sealed);
    mark_present(column);
    return put_string(data, rows_, keep(std::move(sealed)));
  }
  if (field.type == model::FieldType::text) return put_text(column, observation.text(field.field));
  mark_present(column);
  if (field.type == model::FieldType::bytes) return put_string(data, rows_, observation.text(field.field));
  auto const number = observation.number(field.field);
  if (field.type == model::FieldType::number)
    static_cast<std::int64_t *>(data)[rows_] = number;
  else
    static_cast<bool *>(data)[rows_] = number != 0;
}

void ChunkWriter::put_where(model::Observation const &observation, model::ReceivedBatch const &batch) {
  if (batch.where == nullptr) return;
  if (rows_ == 0 || last_source_ != observation.source.address) {
    last_source_ = observation.source.address;
    last_where_ = batch.where->find(last_source_);
  }
  if (last_where_ == nullptr || last_where_->text.empty()) return;
  auto const &where = last_where_->where;
  auto const put_number = [&](WhereColumn column, std::uint32_t number) {
    if (number == 0) return;
    mark_present(column_of(column));
    static_cast<std::uint32_t *>(vectors_[column_of(column)].data)[rows_] = number;
  };
  if (!where.country.empty()) put_text(column_of(WhereColumn::country), where.country);
  put_number(WhereColumn::asn, where.asn);
  put_number(WhereColumn::flags, where.flag_bits());
  put_text(column_of(WhereColumn::where), last_where_->text);
}

void ChunkWriter::add(model::Observation const &observation, model::ReceivedBatch const &batch, Sealer &sealer) {
  put(Column::time, std::int64_t{observation.time.time_since_epoch().count()});
  put(Column::received, std::int64_t{batch.received.time_since_epoch().count()});
  put(Column::sensor, batch.sensor.number);
  put(Column::visit, to_duck(observation.visit));
  put(Column::sequence, observation.sequence);
  put(Column::kind, static_cast<std::uint8_t>(observation.kind));
  put(Column::transport, static_cast<std::uint8_t>(observation.transport));
  put_endpoint(Column::src_high, observation.source);
  put_endpoint(Column::dst_high, observation.destination);
  if (!observation.service.empty()) put_text(static_cast<std::size_t>(Column::service), observation.service);
  if (!observation.extra.empty()) {
    // JSON keeps its backslashes: only bytes that are no text at all are escaped.
    constexpr auto kExtra = static_cast<std::size_t>(Column::extra);
    auto const sound = !observation.extra.contains('\0') && is_utf8(observation.extra);
    mark_present(kExtra);
    put_string(vectors_[kExtra].data, rows_, sound ? observation.extra : keep(lossless_utf8(observation.extra)));
  }
  for (auto left = observation.present(); left != 0; left &= left - 1)
    put_field(observation, model::fields()[static_cast<std::size_t>(std::countr_zero(left))], sealer);
  put_where(observation, batch);
  ++rows_;
}

namespace {

/// The table that rows go to at the moment. Days change at most a few times in a group.
struct OpenTable {
  Day day;
  duck::Appender appender;
  Sealer sealer;
  std::uint64_t rows = 0;
};

auto open_table(duck::Connection &connection, Day day, SecretKeys &keys) -> Result<OpenTable> {
  TRY_VOID(connection.run(table_sql(table_of(day))));
  // By name: a table that an earlier version made has its columns in another order.
  auto names = std::vector<std::string>{};
  for (auto const &column : columns()) names.emplace_back(column.name);
  TRY(auto appender, duck::Appender::open(connection, table_of(day), names));
  TRY(auto sealer, keys.sealer(day));
  return OpenTable{day, std::move(appender), std::move(sealer), 0};
}

auto append_chunk(OpenTable &table, ChunkWriter &chunk) -> Result<void> {
  if (chunk.rows() != 0) TRY_VOID(table.appender.append(chunk.finish()));
  table.rows += chunk.rows();
  chunk.start();
  return ok;
}

auto write_batch(OpenTable &table, model::ReceivedBatch const &batch, ChunkWriter &chunk) -> Result<void> {
  auto reader = model::FrameReader{batch.frames};
  auto observation = model::Observation{};
  for (;;) {
    switch (reader.next(observation)) {
      case model::FrameReader::Step::end: return ok;
      case model::FrameReader::Step::damaged:
        return fail(ErrorCode::malformed,
                    "observations: a batch of sensor {} is damaged at byte {}; it was sound when it was "
                    "acknowledged, so check the disk of the intake log",
                    batch.sensor.number, reader.offset());
      case model::FrameReader::Step::frame: chunk.add(observation, batch, table.sealer);
    }
    if (chunk.full()) TRY_VOID(append_chunk(table, chunk));
  }
}

auto close_table(OpenTable &table, ChunkWriter &chunk, RowsByDay &rows) -> Result<void> {
  TRY_VOID(append_chunk(table, chunk));
  rows[table.day] += table.rows;
  return table.appender.close();
}

}  // namespace

auto write_batches(duck::Connection &connection, std::span<model::ReceivedBatch const> batches, SecretKeys &keys,
                   ChunkWriter &chunk) -> Result<RowsByDay> {
  auto rows = RowsByDay{};
  auto table = std::optional<OpenTable>{};
  chunk.start();
  for (auto const &batch : batches) {
    if (batch.frames.empty()) continue;
    auto const day = day_of(batch.received);
    if (table && table->day != day) {
      TRY_VOID(close_table(*table, chunk, rows));
      table.reset();
    }
    if (!table) {
      TRY(table, open_table(connection, day, keys));
    }
    TRY_VOID(write_batch(*table, batch, chunk));
  }
  if (table) TRY_VOID(close_table(*table, chunk, rows));
  return rows;
}

}  // namespace noroshi::know::observations
