#include "know/indicators/schema.hpp"
#include "know/indicators/sqlite_indicator_store.hpp"

namespace noroshi::know {

namespace {

// Upper levels of the trees of some ten million contexts stay in memory; the rest is the kernel's page cache.
constexpr auto kReaderCacheKib = std::int64_t{32'768};
constexpr auto kWriterCacheKib = std::int64_t{131'072};

auto open(std::string path, sqlite::Access access) -> Result<std::unique_ptr<model::IndicatorStore>> {
  TRY(auto database, sqlite::Database::open({.name = "indicator store",
                                             .path = std::move(path),
                                             .access = access,
                                             .reader_cache_kib = kReaderCacheKib,
                                             .writer_cache_kib = kWriterCacheKib},
                                            indicator_schema()));
  return std::make_unique<SqliteIndicatorStore>(std::move(database));
}

}  // namespace

auto open_indicator_store(std::string path) -> Result<std::unique_ptr<model::IndicatorStore>> {
  return open(std::move(path), sqlite::Access::create);
}

auto open_indicator_store_read_only(std::string path) -> Result<std::unique_ptr<model::IndicatorStore>> {
  return open(std::move(path), sqlite::Access::read);
}

auto read_cursor(sqlite::Connection &connection, std::string_view stream) -> Result<std::uint64_t> {
  auto query = connection.query("SELECT position FROM cursors WHERE stream = ?");
  TRY(auto const found, query.bind(stream).step());
  return found ? query.unsigned_integer(0) : std::uint64_t{0};
}

auto SqliteIndicatorStore::cursor(std::string_view stream) -> Result<std::uint64_t> {
  return database_->read([&](sqlite::Connection &connection) { return read_cursor(connection, stream); });
}

auto SqliteIndicatorStore::stats() -> Result<model::IndicatorStats> {
  return database_->read([&](sqlite::Connection &connection) -> Result<model::IndicatorStats> {
    auto query = connection.query("SELECT indicators, contexts FROM totals");
    TRY([[maybe_unused]] auto const row, query.step());
    return model::IndicatorStats{query.unsigned_integer(0), query.unsigned_integer(1), database_->bytes()};
  });
}

}  // namespace noroshi::know
