#include "know/sqlite.hpp"

#include <fcntl.h>
#include <sqlite3.h>

#include <filesystem>

#include "base/file.hpp"

namespace noroshi::know::sqlite {

namespace {

/// The log is cut back to this after a checkpoint, so that one big group does not keep its size for ever.
constexpr auto kSettings =
    "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=67108864;"
    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;";

/// Percent-encoded, as the part of an SQLite "file:" URI that names the file.
auto to_uri(std::string_view path) -> std::string {
  auto uri = std::string{"file:"};
  for (auto const character : path) {
    if (character == '%' || character == '?' || character == '#')
      uri += fmt::format("%{:02x}", static_cast<unsigned char>(character));
    else
      uri.push_back(character);
  }
  return uri;
}

/// Makes the file readable by its owner alone; SQLite gives its log and index the same mode. Only where it is missing:
/// opening and closing an existing file would drop this process's locks on it.
void make_private(std::string const &path) {
  [[maybe_unused]] auto const made = open_file(path, O_CREAT | O_EXCL | O_RDWR, 0600);
}

auto is_empty_or_missing(std::string const &path) -> bool {
  auto error = std::error_code{};
  auto const size = std::filesystem::file_size(path, error);
  return error || size == 0;
}

}  // namespace

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::rewind() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  parameter_ = 0;
}

void Query::bind_integer(std::int64_t number) {
  if (code_ == SQLITE_OK) code_ = sqlite3_bind_int64(statement_, ++parameter_, number);
}
void Query::bind_one(double number) {
  if (code_ == SQLITE_OK) code_ = sqlite3_bind_double(statement_, ++parameter_, number);
}
void Query::bind_one(std::string_view text) {
  // A null pointer would bind NULL where empty text is meant.
  if (code_ == SQLITE_OK)
    code_ = sqlite3_bind_text64(statement_, ++parameter_, text.data() == nullptr ? "" : text.data(), text.size(),
                                SQLITE_TRANSIENT, SQLITE_UTF8);
}
void Query::bind_one(Blob blob) {
  if (code_ == SQLITE_OK)
    code_ = sqlite3_bind_blob64(statement_, ++parameter_, blob.bytes.data() == nullptr ? "" : blob.bytes.data(),
                                blob.bytes.size(), SQLITE_TRANSIENT);
}
void Query::bind_one(std::nullptr_t) {
  if (code_ == SQLITE_OK) code_ = sqlite3_bind_null(statement_, ++parameter_);
}

auto Query::step() -> Result<bool> {
  if (code_ == SQLITE_OK) {
    auto const code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    code_ = code;
  }
  return connection_->failure(code_);
}

auto Query::run() -> Result<void> {
  TRY([[maybe_unused]] auto const row, step());
  return ok;
}

auto Query::integer(int column) const -> std::int64_t { return sqlite3_column_int64(statement_, column); }
auto Query::real(int column) const -> double { return sqlite3_column_double(statement_, column); }
auto Query::text(int column) const -> std::string_view {
  auto const *const bytes = static_cast<char const *>(sqlite3_column_blob(statement_, column));
  return bytes == nullptr ? std::string_view{}
                          : std::string_view{bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}
auto Query::is_null(int column) const -> bool { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

auto Connection::open(std::string name, std::string path, Access access) -> Result<std::unique_ptr<Connection>> {
  auto connection = std::unique_ptr<Connection>{new Connection{std::move(name), std::move(path)}};
  TRY_VOID(connection->connect(access));
  return connection;
}

auto Connection::connect(Access access) -> Result<void> {
  // NOMUTEX: whoever owns a connection sees to it that one thread uses it at a time.
  auto flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= access == Access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (access == Access::create) flags |= SQLITE_OPEN_CREATE;
  auto uri = to_uri(path_);
  if (access != Access::create && !std::filesystem::exists(path_))
    return fail(ErrorCode::not_found, "{} does not exist; make it with: noroshi init", title());
  // A reader makes an -shm file beside the database. Where it may not (a backup on a read-only disk) and no log waits,
  // the file alone is the whole truth and nobody can change it.
  if (access == Access::create) make_private(path_);
  if (access == Access::read && !folder_is_writable(path_) && is_empty_or_missing(path_ + "-wal"))
    uri += "?immutable=1";

  if (auto const code = sqlite3_open_v2(uri.c_str(), &handle_, flags, nullptr); code != SQLITE_OK) return failure(code);
  sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
  if (access != Access::read) {
    auto mode = query("PRAGMA journal_mode=WAL");
    TRY([[maybe_unused]] auto const row, mode.step());
    if (mode.text(0) != "wal")
      return fail(
          ErrorCode::unavailable,
          "{} cannot use write-ahead logging (its file system lacks shared memory); put the data directory on a "
          "local disk",
          title());
  }
  return execute(kSettings);
}

Connection::~Connection() {
  for (auto const &[sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

auto Connection::query(std::string_view sql) -> Query {
  if (auto const found = statements_.find(sql); found != statements_.end())
    return Query{*this, found->second, SQLITE_OK};
  auto *statement = static_cast<sqlite3_stmt *>(nullptr);
  auto const code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                       &statement, nullptr);
  if (code == SQLITE_OK) statements_.emplace(sql, statement);
  return Query{*this, statement, code};
}

auto Connection::execute(std::string const &script) -> Result<void> {
  auto const code = sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return ok;
}

void Connection::roll_back() {
  // Some failures (full disk, I/O) have undone the transaction already.
  if (sqlite3_get_autocommit(handle_) == 0) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

auto Connection::last_row_id() const -> std::int64_t { return sqlite3_last_insert_rowid(handle_); }
auto Connection::changes() const -> std::int64_t { return sqlite3_changes64(handle_); }

}  // namespace noroshi::know::sqlite
