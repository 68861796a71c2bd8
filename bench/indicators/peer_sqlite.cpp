// SQLite by its C API: one WITHOUT ROWID table filled in key order, so that a look-up is one descent of a full B-tree.
#include <sqlite3.h>

#include "bench/indicators/peer.hpp"
#include "bench/indicators/scratch.hpp"

namespace noroshi::bench {

namespace {

// Between calls of the handler that looks at the clock.
constexpr auto kInstructions = 100'000;

class Statement {
public:
  Statement(sqlite3 *database, char const *sql) { ::sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr); }
  Statement(Statement const &) = delete;
  auto operator=(Statement const &) -> Statement & = delete;
  ~Statement() { ::sqlite3_finalize(statement_); }
  [[nodiscard]] auto get() const -> sqlite3_stmt * { return statement_; }

private:
  sqlite3_stmt *statement_ = nullptr;
};

class Sqlite final : public Peer {
public:
  explicit Sqlite(std::string folder) : folder_(std::move(folder)) {}
  ~Sqlite() override {
    select_.reset();
    ::sqlite3_close(database_);
  }
  Sqlite(Sqlite const &) = delete;
  auto operator=(Sqlite const &) -> Sqlite & = delete;

  auto open() -> Result<void> {
    if (::sqlite3_open((folder_ + "/peer.sqlite").c_str(), &database_) != SQLITE_OK) return failed("opening");
    return run(
        "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA page_size=4096;"
        "PRAGMA cache_size=-1000000; PRAGMA mmap_size=17179869184; PRAGMA temp_store=MEMORY; PRAGMA threads=2");
  }

  auto load(std::uint64_t count, Bounds const &bounds) -> Result<void> override {
    bounds_ = &bounds;
    ::sqlite3_progress_handler(database_, kInstructions, &Sqlite::is_late, this);
    auto loaded = fill(count, bounds);
    ::sqlite3_progress_handler(database_, 0, nullptr, nullptr);
    if (!loaded && bounds.late()) return fail(ErrorCode::timed_out, "{}", loaded.error().sentence);
    TRY_VOID(loaded);
    select_ = std::make_unique<Statement>(database_, "SELECT answer FROM indicators WHERE key = ?1");
    return ok;
  }

  auto bytes() -> Result<std::uint64_t> override { return folder_bytes(folder_); }

  auto ask(std::size_t way, std::span<std::string const> keys) -> Result<void> override {
    keys_ = keys;
    if (way == 0) return ok;
    TRY_VOID(
        run("CREATE TEMP TABLE IF NOT EXISTS questions(place INTEGER PRIMARY KEY, key BLOB); DELETE FROM questions; "
            "BEGIN"));
    auto const insert = Statement{database_, "INSERT INTO questions VALUES(?1, ?2)"};
    for (auto i = std::size_t{0}; i < keys.size(); ++i) TRY_VOID(put(insert, static_cast<std::int64_t>(i), keys[i]));
    return run("COMMIT");
  }

  auto ways() -> std::vector<std::string> override { return {"prepared point selects", "join with a table"}; }

  auto answers(std::size_t way) -> Result<Answers> override { return way == 0 ? one_by_one() : joined(); }

private:
  static auto is_late(void *self) -> int { return static_cast<Sqlite *>(self)->bounds_->late() ? 1 : 0; }
  [[nodiscard]] auto failed(std::string_view doing) const -> Error {
    return fail(ErrorCode::internal, "SQLite, {}: {}", doing, ::sqlite3_errmsg(database_));
  }
  auto run(char const *script) -> Result<void> {
    if (::sqlite3_exec(database_, script, nullptr, nullptr, nullptr) != SQLITE_OK) return failed(script);
    return ok;
  }
  /// Into the statement's ?1 and ?2.
  auto put(Statement const &insert, std::int64_t number, std::string const &key) -> Result<void> {
    ::sqlite3_bind_int64(insert.get(), 1, number);
    ::sqlite3_bind_blob(insert.get(), 2, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    auto const code = ::sqlite3_step(insert.get());
    ::sqlite3_reset(insert.get());
    if (code != SQLITE_DONE) return failed("inserting");
    return ok;
  }

  /// Sorted first: keys inserted at random split every page.
  auto fill(std::uint64_t count, Bounds const &bounds) -> Result<void> {
    TRY_VOID(
        run("CREATE TEMP TABLE staging(answer INTEGER, key BLOB);"
            "CREATE TABLE indicators(key BLOB PRIMARY KEY, answer INTEGER) WITHOUT ROWID; BEGIN"));
    {
      auto const insert = Statement{database_, "INSERT INTO staging VALUES(?1, ?2)"};
      TRY_VOID(each_indicator(count, bounds,
                              [&](std::string const &key, std::int64_t answer) { return put(insert, answer, key); }));
    }
    return run("INSERT INTO indicators SELECT key, answer FROM staging ORDER BY key; COMMIT; DROP TABLE staging");
  }

  auto one_by_one() -> Result<Answers> {
    auto answers = Answers{};
    auto *const select = select_->get();
    for (auto i = std::size_t{0}; i < keys_.size(); ++i) {
      ::sqlite3_bind_blob(select, 1, keys_[i].data(), static_cast<int>(keys_[i].size()), SQLITE_STATIC);
      auto const code = ::sqlite3_step(select);
      if (code == SQLITE_ROW) answers.add(i, ::sqlite3_column_int64(select, 0));
      ::sqlite3_reset(select);
      if (code != SQLITE_ROW && code != SQLITE_DONE) return failed("selecting");
    }
    return answers;
  }

  auto joined() -> Result<Answers> {
    auto answers = Answers{};
    auto const join =
        Statement{database_, "SELECT q.place, i.answer FROM questions q CROSS JOIN indicators i ON i.key = q.key"};
    auto code = 0;
    while ((code = ::sqlite3_step(join.get())) == SQLITE_ROW)
      answers.add(static_cast<std::uint64_t>(::sqlite3_column_int64(join.get(), 0)),
                  ::sqlite3_column_int64(join.get(), 1));
    if (code != SQLITE_DONE) return failed("joining");
    return answers;
  }

  std::string folder_;
  sqlite3 *database_ = nullptr;
  Bounds const *bounds_ = nullptr;
  std::unique_ptr<Statement> select_;
  std::span<std::string const> keys_;
};

auto start(std::string const &folder, std::uint64_t /*count*/) -> Result<std::unique_ptr<Peer>> {
  auto peer = std::make_unique<Sqlite>(folder);
  TRY_VOID(peer->open());
  return std::unique_ptr<Peer>{std::move(peer)};
}

}  // namespace

// At 100 million the other three stand beside ours: this one's sorted load holds everything in memory.
PeerKind const kSqlite{"SQLite", 20'000'000,
                       "C API, WITHOUT ROWID filled in key order, mmap, 1 GB page cache, no journal", &start};

}  // namespace noroshi::bench
