#include "know/sqlite_database.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/file.hpp"

namespace noroshi::know::sqlite {

namespace {
/// Negative: SQLite's way to say KiB instead of pages.
auto set_cache(Connection &connection, std::int64_t kib) -> Result<void> {
  return connection.execute(fmt::format("PRAGMA cache_size=-{}", kib));
}
}  // namespace

auto Database::open(DatabaseOptions options, Schema const &schema) -> Result<std::unique_ptr<Database>> {
  auto database = std::unique_ptr<Database>{new Database{std::move(options)}};
  auto const &chosen = database->options_;
  if (chosen.access != Access::read) {
    TRY(database->writer_, Connection::open(chosen.name, chosen.path, chosen.access));
    TRY_VOID(set_cache(*database->writer_, chosen.writer_cache_kib));
    TRY_VOID(migrate(*database->writer_, schema));
    return database;
  }
  TRY(auto lease, database->lend());
  TRY_VOID(check_schema(*lease.connection, schema));
  return database;
}

auto Database::bytes() const -> std::uint64_t {
  auto total = std::uint64_t{0};
  for (auto const *const suffix : {"", "-wal"}) {
    auto error = std::error_code{};
    auto const size = std::filesystem::file_size(options_.path + suffix, error);
    if (!error) total += size;
  }
  return total;
}

auto Database::copy_to(std::string const &path) -> Result<void> {
  // Made before SQLite writes: it holds what the database does, and is for its owner's eyes from the first byte on.
  TRY(auto const file, open_file(path, O_WRONLY | O_CREAT | O_EXCL));
  TRY(auto lease, lend());
  if (auto copied = lease.connection->run("VACUUM INTO ?", path); !copied) {
    // SQLite's words for it name the database, but it is the copy's disk that is full.
    auto const room = free_bytes(std::filesystem::path{path}.parent_path().string());
    if (room && *room < bytes()) return file_error(ENOSPC, "cannot write the copy", path);
    return std::move(copied).error();
  }
  if (::fsync(file.get()) != 0) return file_error(errno, "cannot sync the copy", path);
  return ok;
}

auto Database::lend() -> Result<Lease> {
  auto guard = std::unique_lock{lending_};
  returned_.wait(guard, [this] { return !idle_.empty() || readers_ < kMaxReaders; });
  if (!idle_.empty()) {
    auto reader = std::move(idle_.back());
    idle_.pop_back();
    return Lease{*this, std::move(reader)};
  }
  ++readers_;
  guard.unlock();
  auto reader = open_reader();
  if (reader) return Lease{*this, *std::move(reader)};
  guard.lock();
  --readers_;
  returned_.notify_one();
  return std::move(reader).error();
}

auto Database::open_reader() -> Result<std::unique_ptr<Connection>> {
  TRY(auto reader, Connection::open(options_.name, options_.path, Access::read));
  TRY_VOID(set_cache(*reader, options_.reader_cache_kib));
  return reader;
}

void Database::give_back(std::unique_ptr<Connection> reader) {
  {
    auto const guard = std::lock_guard{lending_};
    idle_.push_back(std::move(reader));
  }
  returned_.notify_one();
}

}  // namespace noroshi::know::sqlite
