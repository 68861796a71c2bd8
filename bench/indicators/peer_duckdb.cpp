// DuckDB by its C API: a table of keys joined with a table of questions, as its own documentation advises for many
// look-ups at once; an index of it is for single rows and must fit in memory.
#include "bench/indicators/peer.hpp"
#include "bench/indicators/scratch.hpp"
#include "know/observations/observations_duck.hpp"

namespace noroshi::bench {

namespace {

namespace duck = know::duck;

/// Appends rows of a number and a key.
class KeyWriter {
public:
  static auto open(duck::Connection const &connection, std::string const &table) -> Result<KeyWriter> {
    auto writer = KeyWriter{};
    TRY(writer.appender_, duck::Appender::open(connection, table));
    auto types =
        std::array{duckdb_create_logical_type(DUCKDB_TYPE_BIGINT), duckdb_create_logical_type(DUCKDB_TYPE_BLOB)};
    writer.chunk_ = duck::Chunk{duckdb_create_data_chunk(types.data(), types.size())};
    for (auto &type : types) duckdb_destroy_logical_type(&type);
    return writer;
  }
  auto put(std::int64_t number, std::string const &key) -> Result<void> {
    auto *const numbers = duckdb_data_chunk_get_vector(chunk_.get(), 0);
    static_cast<std::int64_t *>(duckdb_vector_get_data(numbers))[rows_] = number;
    duckdb_vector_assign_string_element_len(duckdb_data_chunk_get_vector(chunk_.get(), 1), rows_, key.data(),
                                            key.size());
    if (++rows_ == duckdb_vector_size()) return flush();
    return ok;
  }
  auto close() -> Result<void> {
    TRY_VOID(flush());
    return appender_.close();
  }

private:
  auto flush() -> Result<void> {
    if (rows_ == 0) return ok;
    duckdb_data_chunk_set_size(chunk_.get(), rows_);
    TRY_VOID(appender_.append(chunk_.get()));
    duckdb_data_chunk_reset(chunk_.get());
    rows_ = 0;
    return ok;
  }
  duck::Appender appender_;
  duck::Chunk chunk_;
  idx_t rows_ = 0;
};

class Duckdb final : public Peer {
public:
  explicit Duckdb(std::string folder) : folder_(std::move(folder)) {}
  ~Duckdb() override {
    connection_ = {};
    duckdb_close(&database_);
  }
  Duckdb(Duckdb const &) = delete;
  auto operator=(Duckdb const &) -> Duckdb & = delete;

  auto open() -> Result<void> {
    if (duckdb_open((folder_ + "/peer.duckdb").c_str(), &database_) != DuckDBSuccess)
      return fail(ErrorCode::internal, "DuckDB does not open in {}", folder_);
    TRY(connection_, duck::Connection::open(database_));
    return connection_.run(fmt::format(
        "SET threads = 2; SET memory_limit = '10GB'; SET preserve_insertion_order = false; SET temp_directory = {}",
        duck::quoted(folder_ + "/spill")));
  }

  auto load(std::uint64_t count, Bounds const &bounds) -> Result<void> override {
    TRY_VOID(connection_.run("CREATE TABLE indicators(answer BIGINT, key BLOB); BEGIN TRANSACTION"));
    TRY(auto writer, KeyWriter::open(connection_, "indicators"));
    TRY_VOID(each_indicator(count, bounds,
                            [&](std::string const &key, std::int64_t answer) { return writer.put(answer, key); }));
    TRY_VOID(writer.close());
    TRY_VOID(connection_.run("COMMIT; CHECKPOINT"));
    if (bounds.late()) return fail(ErrorCode::timed_out, "the load of {} took past its time", count);
    return ok;
  }

  auto bytes() -> Result<std::uint64_t> override { return folder_bytes(folder_); }

  auto ask(std::size_t /*way*/, std::span<std::string const> keys) -> Result<void> override {
    TRY_VOID(connection_.run("CREATE OR REPLACE TEMP TABLE questions(place BIGINT, key BLOB)"));
    TRY(auto writer, KeyWriter::open(connection_, "questions"));
    for (auto i = std::size_t{0}; i < keys.size(); ++i) TRY_VOID(writer.put(static_cast<std::int64_t>(i), keys[i]));
    return writer.close();
  }

  auto ways() -> std::vector<std::string> override { return {"join with a table"}; }

  auto answers(std::size_t /*way*/) -> Result<Answers> override {
    TRY(auto rows, connection_.query("SELECT q.place, i.answer FROM questions q JOIN indicators i USING (key)"));
    auto answers = Answers{};
    while (rows.next())
      answers.add(static_cast<std::uint64_t>(rows.number<std::int64_t>(0)), rows.number<std::int64_t>(1));
    if (!rows.error().empty()) return fail(ErrorCode::internal, "DuckDB: {}", rows.error());
    return answers;
  }

private:
  std::string folder_;
  duckdb_database database_ = nullptr;
  duck::Connection connection_;
};

auto start(std::string const &folder, std::uint64_t /*count*/) -> Result<std::unique_ptr<Peer>> {
  auto peer = std::make_unique<Duckdb>(folder);
  TRY_VOID(peer->open());
  return std::unique_ptr<Peer>{std::move(peer)};
}

}  // namespace

PeerKind const kDuckdb{"DuckDB", ~std::uint64_t{0}, "C API, appender, hash join on 2 threads, 10 GB memory", &start};

}  // namespace noroshi::bench
