// Frames to rows: decodes batches straight into the vectors of DuckDB's chunks and appends those to the days' tables.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "know/observations/observations_duck.hpp"
#include "know/observations/observations_schema.hpp"
#include "know/observations/observations_secrets.hpp"
#include "model/observation.hpp"
#include "model/ports/observation_store.hpp"

namespace noroshi::know::observations {

/// One chunk of rows. Texts are not copied: they point into the batch, or into a small store for those that had to be
/// escaped or sealed, until the chunk is appended.
class ChunkWriter {
public:
  ChunkWriter();
  /// Empties the chunk.
  void start();
  void add(model::Observation const &observation, model::ReceivedBatch const &batch, Sealer &sealer);
  [[nodiscard]] auto full() const -> bool { return rows_ == capacity_; }
  [[nodiscard]] auto rows() const -> std::size_t { return rows_; }
  /// The chunk with its size set.
  auto finish() -> duckdb_data_chunk;

private:
  struct Vector {
    void *data = nullptr;
    std::uint64_t *validity = nullptr;
  };
  template <class Number>
  void put(Column column, Number number) {
    static_cast<Number *>(vectors_[static_cast<std::size_t>(column)].data)[rows_] = number;
  }
  void put_endpoint(Column high, model::Endpoint const &endpoint);
  void put_text(std::size_t column, std::string_view text);
  void put_where(model::Observation const &observation, model::ReceivedBatch const &batch);
  void put_field(model::Observation const &observation, model::FieldInfo const &field, Sealer &sealer);
  void mark_present(std::size_t column) { vectors_[column].validity[rows_ >> 6] |= std::uint64_t{1} << (rows_ & 63); }
  auto keep(std::string text) -> std::string_view;

  duck::Chunk chunk_;
  std::array<Vector, kColumnCount> vectors_;
  std::size_t capacity_ = 0, rows_ = 0;
  std::vector<std::unique_ptr<std::string>> kept_;
  model::IpAddress last_source_;  // observations of one visit come one behind the other
  model::WhereTable::Entry const *last_where_ = nullptr;
};

using RowsByDay = std::map<Day, std::uint64_t>;

/// Appends all batches to their days' tables in the connection's transaction; tables are made where absent. A damaged
/// frame is malformed, and the transaction is to be undone.
auto write_batches(duck::Connection &connection, std::span<model::ReceivedBatch const> batches, SecretKeys &keys,
                   ChunkWriter &chunk) -> Result<RowsByDay>;

}  // namespace noroshi::know::observations
