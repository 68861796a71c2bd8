#include "know/observations/observations_core.hpp"

#include <filesystem>

#include <sodium.h>
#include <unistd.h>

#include "base/bytes.hpp"

namespace noroshi::know::observations {

namespace {

// Readers beyond these wait: each may use the whole of DuckDB's memory, and two cores serve no more at once.
constexpr auto kMaxReaders = std::size_t{8};

// docs/decisions/duckdb.md has the measurements. A group of 50,000 fills a row group of 49,152, so it is compressed and
// written once, straight into the file, and only its rest passes through the log; with the default of 122,880 every row
// is written to the log, copied, and written again at the checkpoint.
constexpr auto kAttach = std::string_view{"ATTACH {} AS store (ROW_GROUP_SIZE 49152, STORAGE_VERSION 'v1.4.0')"};

constexpr auto kMetaTables = std::string_view{
    "CREATE TABLE IF NOT EXISTS cursor (position UBIGINT NOT NULL);"
    "INSERT INTO cursor SELECT 0 WHERE NOT EXISTS (FROM cursor);"
    "CREATE TABLE IF NOT EXISTS days (day INTEGER NOT NULL, file VARCHAR NOT NULL, rows UBIGINT NOT NULL, bytes "
    "UBIGINT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS holds (name VARCHAR NOT NULL, from_day INTEGER NOT NULL, to_day INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS profiled (day INTEGER NOT NULL, rows UBIGINT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS profile_runs (number BIGINT NOT NULL);"};

auto make_folder(std::string const &path) -> Result<void> {
  auto problem = std::error_code{};
  std::filesystem::create_directories(path, problem);
  if (problem) return file_error(problem.value(), "making", path);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all, problem);
  return ok;
}

/// Every setting before the file is attached; after lock_settings() no statement can change one.
auto open_database(Core &core) -> Result<void> {
  TRY_VOID(duck::check_version(duckdb_library_version()));
  auto config = duck::Owned<duckdb_config, duckdb_destroy_config>{};
  if (duckdb_create_config(config.put()) != DuckDBSuccess)
    return fail(ErrorCode::internal, "observations: DuckDB gives no configuration");
  auto const settings = std::vector<std::pair<std::string, std::string>>{
      {"threads", std::to_string(core.options.threads)},
      {"memory_limit", fmt::format("{}B", core.options.memory_bytes)},
      {"temp_directory", core.paths.temporary},
      {"max_temp_directory_size", fmt::format("{}B", core.options.temporary_bytes)},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"allow_community_extensions", "false"},
  };
  for (auto const &[name, value] : settings)
    if (duckdb_set_config(config.get(), name.c_str(), value.c_str()) != DuckDBSuccess)
      return fail(ErrorCode::internal, "observations: DuckDB refuses the setting {} = {}", name, value);
  char *message = nullptr;
  if (duckdb_open_ext(nullptr, &core.database.handle, config.get(), &message) != DuckDBSuccess) {
    auto error = duck::duck_error("starting DuckDB", message);
    duckdb_free(message);
    return error;
  }
  return ok;
}

auto attach_and_lock(Core &core) -> Result<void> {
  TRY(auto connection, duck::Connection::open(core.database.handle));
  // Texts of attackers repeat: dict_fsst is as small as what DuckDB would choose, without trying all others first.
  TRY_VOID(connection.run("SET force_compression = 'dict_fsst'"));
  TRY_VOID(connection.run(fmt::format(fmt::runtime(kAttach), duck::quoted(core.paths.database))));
  TRY_VOID(connection.run(fmt::format("SET allowed_directories = [{}, {}]", duck::quoted(core.paths.days),
                                      duck::quoted(core.paths.temporary))));
  TRY_VOID(connection.run("SET enable_external_access = false"));
  TRY_VOID(connection.run("SET lock_configuration = true"));
  TRY_VOID(connection.run("USE store"));
  return connection.run(std::string{kMetaTables});
}

auto load_filter_key(std::string const &path) -> Result<FilterKey> {
  auto key = FilterKey{};
  auto bytes = read_file(path, key.bytes.size());
  if (!bytes && bytes.error().code != ErrorCode::not_found) return std::move(bytes).error();
  if (bytes && bytes->size() == key.bytes.size()) {
    std::ranges::copy(*bytes, key.bytes.begin());
    return key;
  }
  if (bytes) return fail(ErrorCode::malformed, "{} is not a filter key: restore it from a backup", path);
  randombytes_buf(key.bytes.data(), key.bytes.size());
  TRY_VOID(write_file_durably(path, {reinterpret_cast<char const *>(key.bytes.data()), key.bytes.size()}));
  return key;
}

}  // namespace

auto AddressHash::secret() -> std::uint64_t {
  static auto const number = [] {
    auto drawn = std::uint64_t{};
    randombytes_buf(&drawn, sizeof drawn);
    return drawn;
  }();
  return number;
}

auto Paths::filter_of(std::string_view parquet) -> std::string {
  return std::string{parquet.substr(0, parquet.find_last_of('.'))} + ".filter";
}

ClosedPart::~ClosedPart() {
  if (!doomed) return;
  ::unlink(path.c_str());
  ::unlink(Paths::filter_of(path).c_str());
}

auto ConnectionPool::borrow(duckdb_database database, duck::Watchdog::Instant deadline) -> Result<duck::Connection> {
  auto lock = std::unique_lock{mutex_};
  if (!returned_.wait_until(lock, deadline, [&] { return lent_ < kMaxReaders; }))
    return fail(ErrorCode::timed_out, "observations: {} questions are being answered already; ask again", kMaxReaders);
  ++lent_;
  if (free_.empty()) {
    auto connection = duck::Connection::open(database);
    if (connection) {
      auto const used = connection->run("USE store");
      if (used) return connection;
      connection = used.error();
    }
    --lent_;
    return connection;
  }
  auto connection = std::move(free_.back());
  free_.pop_back();
  return connection;
}

void ConnectionPool::give_back(duck::Connection connection) {
  {
    auto const lock = std::scoped_lock{mutex_};
    free_.push_back(std::move(connection));
    --lent_;
  }
  returned_.notify_one();
}

auto Core::connect() -> Result<duck::Connection> {
  TRY(auto connection, duck::Connection::open(database.handle));
  TRY_VOID(connection.run("USE store"));
  return connection;
}

auto open_core(ObservationStoreOptions options) -> Result<std::unique_ptr<Core>> {
  if (sodium_init() < 0) return fail(ErrorCode::internal, "libsodium cannot start");
  auto core = std::make_unique<Core>(std::move(options));
  for (auto const *folder : {&core->paths.directory, &core->paths.days, &core->paths.temporary, &core->paths.keys})
    TRY_VOID(make_folder(*folder));
  TRY(auto lock, LockFile::create(core->paths.lock));
  core->lock = std::make_unique<LockFile>(std::move(lock));
  TRY(core->keys, SecretKeys::load(core->paths.keys));
  TRY(core->filter_key, load_filter_key(core->paths.keys + "/filter.secret"));
  TRY_VOID(open_database(*core));
  TRY_VOID(attach_and_lock(*core));
  TRY(core->writer, core->connect());
  return core;
}

}  // namespace noroshi::know::observations
