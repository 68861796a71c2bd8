#include "know/import_ledger.hpp"

#include <cstring>

#include <sodium.h>

#include "know/sqlite_database.hpp"

namespace noroshi::know {

namespace {

/// "NRSL"
constexpr auto kApplication = std::int64_t{0x4e52534c};

// A part is looked for by sensor and slot; forgetting walks one sensor's parts, which happens after a crash only.
constexpr auto kMigrations = std::array{
    sqlite::Migration{1, R"sql(
CREATE TABLE secret(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  key BLOB NOT NULL
) STRICT;
CREATE TABLE parts(
  sensor INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  lines BLOB NOT NULL,
  PRIMARY KEY(sensor, slot, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE latest(
  sensor INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL
) STRICT;
)sql"},
};

using Key = std::array<std::uint8_t, 16>;

auto bytes_of(std::vector<std::uint64_t> const &lines) -> std::string_view {
  return {reinterpret_cast<char const *>(lines.data()), lines.size() * sizeof(std::uint64_t)};
}

class SqliteImportLedger final : public model::ImportLedger {
public:
  explicit SqliteImportLedger(std::unique_ptr<sqlite::Database> database) : database_(std::move(database)) {}

  auto find_key() -> Result<void> {
    TRY(auto const found, database_->read([&](sqlite::Connection &connection) -> Result<bool> {
      auto query = connection.query("SELECT key FROM secret");
      TRY(auto const row, query.step());
      if (!row || query.text(0).size() != key_.size()) return false;
      std::memcpy(key_.data(), query.text(0).data(), key_.size());
      return true;
    }));
    // A node on a full disk still opens: nothing is written where the key is there.
    if (found) return ok;
    return database_->write([&](sqlite::Connection &connection) -> Result<void> {
      ::randombytes_buf(key_.data(), key_.size());
      return connection.run("INSERT OR REPLACE INTO secret VALUES(1, ?)",
                            sqlite::Blob{{reinterpret_cast<char const *>(key_.data()), key_.size()}});
    });
  }

  [[nodiscard]] auto key() const -> Key const & override { return key_; }

  auto sensors() -> Result<std::vector<model::SensorId>> override {
    return database_->read([](sqlite::Connection &connection) -> Result<std::vector<model::SensorId>> {
      auto all = std::vector<model::SensorId>{};
      auto query = connection.query("SELECT sensor FROM latest");
      for (;;) {
        TRY(auto const more, query.step());
        if (!more) return all;
        all.push_back({query.integer(0)});
      }
    });
  }

  auto forget_after(model::SensorId sensor, std::uint64_t sequence) -> Result<void> override {
    return database_->write([&](sqlite::Connection &connection) -> Result<void> {
      auto query = connection.query("SELECT sequence FROM latest WHERE sensor = ?");
      TRY(auto const found, query.bind(sensor).step());
      if (!found || query.unsigned_integer(0) <= sequence) return ok;
      TRY_VOID(connection.run("DELETE FROM parts WHERE sensor = ? AND sequence > ?", sensor, sequence));
      return connection.run("UPDATE latest SET sequence = ?2 WHERE sensor = ?1", sensor, sequence);
    });
  }

  auto load(model::SensorId sensor, std::int64_t slot) -> Result<std::vector<std::uint64_t>> override {
    return database_->read([&](sqlite::Connection &connection) -> Result<std::vector<std::uint64_t>> {
      auto lines = std::vector<std::uint64_t>{};
      auto query = connection.query("SELECT lines FROM parts WHERE sensor = ? AND slot = ?");
      query.bind(sensor, slot);
      for (;;) {
        TRY(auto const more, query.step());
        if (!more) return lines;
        auto const part = query.text(0);
        auto const before = lines.size();
        auto const added = part.size() / sizeof(std::uint64_t);
        lines.resize(before + added);
        if (added > 0) std::memcpy(lines.data() + before, part.data(), added * sizeof(std::uint64_t));
      }
    });
  }

  auto write(std::span<model::LedgerPart const> parts) -> Result<void> override {
    return database_->write([&](sqlite::Connection &connection) -> Result<void> {
      for (auto const &part : parts) {
        TRY_VOID(connection.run("INSERT INTO parts VALUES(?, ?, ?, ?)", part.sensor, part.slot, part.sequence,
                                sqlite::Blob{bytes_of(part.lines)}));
        TRY_VOID(
            connection.run("INSERT INTO latest VALUES(?1, ?2) ON CONFLICT DO UPDATE SET sequence = "
                           "max(sequence, ?2)",
                           part.sensor, part.sequence));
      }
      return ok;
    });
  }

  auto copy_to(std::string const &path) -> Result<void> override { return database_->copy_to(path); }

private:
  std::unique_ptr<sqlite::Database> database_;
  Key key_{};
};

}  // namespace

auto open_import_ledger(std::string path) -> Result<std::unique_ptr<model::ImportLedger>> {
  TRY(auto database,
      sqlite::Database::open({.name = "import ledger", .path = std::move(path)}, {kApplication, kMigrations}));
  auto ledger = std::make_unique<SqliteImportLedger>(std::move(database));
  TRY_VOID(ledger->find_key());
  return std::unique_ptr<model::ImportLedger>{std::move(ledger)};
}

}  // namespace noroshi::know
