#include "know/observations/observations_duck.hpp"
#include "know/observations/observations_watchdog.hpp"

#include <array>
#include <charconv>
#include <tuple>

namespace noroshi::know::duck {

namespace {

using Version = std::tuple<int, int, int>;
constexpr auto kOldest = Version{1, 4, 4};        // of the header
constexpr auto kFirstUnknown = Version{1, 6, 0};  // storage settings were measured up to 1.5

auto parse_version(std::string_view text) -> Version {
  if (text.starts_with('v')) text.remove_prefix(1);
  auto parts = std::array<int, 3>{};
  for (auto &part : parts) {
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
    if (error != std::errc{}) return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with('.')) text.remove_prefix(1);
  }
  return {parts[0], parts[1], parts[2]};
}

/// Long statements would drown the reason.
constexpr auto kMaxShownSql = std::size_t{120};

/// What every statement says after a fatal error.
constexpr auto kGivenUp = std::string_view{"has been invalidated"};

struct Prepared {
  ~Prepared() { duckdb_destroy_prepare(&statement); }
  duckdb_prepared_statement statement = nullptr;
};

}  // namespace

auto check_version(std::string_view version) -> Result<void> {
  auto const found = parse_version(version);
  if (found >= kOldest && found < kFirstUnknown) return ok;
  return fail(ErrorCode::unavailable,
              "the DuckDB library is {}, but this program needs 1.4.4 or later and before 1.6: install libduckdb 1.5 "
              "beside the program, or set DUCKDB_ROOT and build again",
              version);
}

auto duck_error(std::string_view doing, char const *message) -> Error {
  auto const reason = std::string_view{message == nullptr ? "DuckDB gave no reason" : message};
  if (reason.contains("INTERRUPT"))
    return fail(ErrorCode::timed_out, "observations: the question took longer than its deadline; ask about fewer days");
  if (reason.contains("No space left"))
    return fail(
        ErrorCode::unavailable,
        "observations: the disk is full: free some space; nothing is lost, and the store goes on by itself ({})",
        reason);
  auto const passing = reason.contains("Out of Memory") || reason.contains("IO Error") || reason.contains(kGivenUp);
  return fail(passing ? ErrorCode::unavailable : ErrorCode::internal, "observations: {}: {}",
              doing.substr(0, kMaxShownSql), reason);
}

auto gave_up(Error const &error) -> bool { return error.sentence.contains(kGivenUp); }

auto quoted(std::string_view text) -> std::string {
  auto sql = std::string{"'"};
  for (auto const character : text) {
    if (character == '\'') sql.push_back('\'');
    sql.push_back(character);
  }
  sql.push_back('\'');
  return sql;
}

Watchdog::Watchdog() : thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    auto const lock = std::scoped_lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Watchdog::watch(duckdb_connection connection, Instant deadline) {
  {
    auto const lock = std::scoped_lock{mutex_};
    watched_[connection] = {deadline, false};
  }
  changed_.notify_one();
}

auto Watchdog::release(duckdb_connection connection) -> bool {
  auto const lock = std::scoped_lock{mutex_};
  auto const found = watched_.find(connection);
  if (found == watched_.end()) return false;
  auto const passed = found->second.passed;
  watched_.erase(found);
  return passed;
}

void Watchdog::run() {
  // An interrupt between two statements of one question is forgotten by DuckDB, so it is repeated until release().
  constexpr auto kRepeat = std::chrono::milliseconds{20};
  auto lock = std::unique_lock{mutex_};
  while (!stopping_) {
    auto const now = std::chrono::steady_clock::now();
    auto wake = now + std::chrono::hours{1};
    for (auto &[connection, watched] : watched_) {
      if (watched.deadline <= now) {
        watched.passed = true;
        duckdb_interrupt(connection);
        wake = std::min(wake, now + kRepeat);
      } else {
        wake = std::min(wake, watched.deadline);
      }
    }
    changed_.wait_until(lock, wake);
  }
}

auto Rows::next() -> bool {
  if (result_ == nullptr) return false;
  if (row_ + 1 < rows_) {
    ++row_;
    return true;
  }
  return next_chunk();
}

auto Rows::next_chunk() -> bool {
  do {
    chunk_ = Chunk{duckdb_fetch_chunk(result_->result)};
    if (chunk_.get() == nullptr) {
      if (auto const *const message = duckdb_result_error(&result_->result); message != nullptr) error_ = message;
      rows_ = row_ = 0;
      return false;
    }
    rows_ = duckdb_data_chunk_get_size(chunk_.get());
  } while (rows_ == 0);
  row_ = 0;
  columns_.clear();
  auto const count = duckdb_data_chunk_get_column_count(chunk_.get());
  for (auto column = idx_t{0}; column < count; ++column) {
    auto *const vector = duckdb_data_chunk_get_vector(chunk_.get(), column);
    columns_.push_back({duckdb_vector_get_data(vector), duckdb_vector_get_validity(vector)});
  }
  return true;
}

auto Connection::open(duckdb_database database) -> Result<Connection> {
  auto connection = Connection{};
  if (duckdb_connect(database, connection.connection_.put()) != DuckDBSuccess)
    return fail(ErrorCode::internal, "observations: DuckDB gives no further connection");
  return connection;
}

auto Connection::run(std::string const &sql) -> Result<void> {
  auto result = duckdb_result{};
  auto const state = duckdb_query(connection_.get(), sql.c_str(), &result);
  auto outcome =
      state == DuckDBSuccess ? Result<void>{ok} : Result<void>{duck_error(sql, duckdb_result_error(&result))};
  duckdb_destroy_result(&result);
  return outcome;
}

auto Connection::query(std::string const &sql, std::vector<std::string> const &texts, Fetch fetch) -> Result<Rows> {
  auto prepared = Prepared{};
  if (duckdb_prepare(connection_.get(), sql.c_str(), &prepared.statement) != DuckDBSuccess)
    return duck_error(sql, duckdb_prepare_error(prepared.statement));
  for (auto i = std::size_t{0}; i < texts.size(); ++i)
    if (duckdb_bind_varchar_length(prepared.statement, i + 1, texts[i].data(), texts[i].size()) != DuckDBSuccess)
      return fail(ErrorCode::internal, "observations: a text of {} bytes cannot be bound", texts[i].size());
  auto result = duckdb_result{};
  auto const execute = fetch == Fetch::whole ? duckdb_execute_prepared : duckdb_execute_prepared_streaming;
  if (execute(prepared.statement, &result) != DuckDBSuccess) {
    auto error = duck_error(sql, duckdb_result_error(&result));
    duckdb_destroy_result(&result);
    return error;
  }
  return Rows{result};
}

auto Connection::count(std::string const &sql) -> Result<std::uint64_t> {
  TRY(auto rows, query(sql));
  if (!rows.next() || rows.is_null(0)) return std::uint64_t{0};
  return rows.number<std::uint64_t>(0);
}

auto Appender::open(Connection const &connection, std::string const &table, std::vector<std::string> const &columns)
    -> Result<Appender> {
  auto appender = Appender{};
  appender.table_ = table;
  if (duckdb_appender_create(connection.get(), nullptr, table.c_str(), appender.appender_.put()) != DuckDBSuccess)
    return appender.failed("opening");
  for (auto const &column : columns)
    if (duckdb_appender_add_column(appender.appender_.get(), column.c_str()) != DuckDBSuccess)
      return appender.failed("opening");
  return appender;
}

auto Appender::append(duckdb_data_chunk chunk) -> Result<void> {
  if (duckdb_append_data_chunk(appender_.get(), chunk) != DuckDBSuccess) return failed("appending to");
  return ok;
}

auto Appender::close() -> Result<void> {
  if (duckdb_appender_close(appender_.get()) != DuckDBSuccess) return failed("writing");
  return ok;
}

auto Appender::failed(std::string_view doing) -> Error {
  return duck_error(fmt::format("{} {}", doing, table_), duckdb_appender_error(appender_.get()));
}

}  // namespace noroshi::know::duck
