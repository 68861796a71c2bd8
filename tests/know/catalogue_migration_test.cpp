#include <sqlite3.h>

#include "know/catalogue/schema.hpp"
#include "tests/know/catalogue_fixture.hpp"

namespace noroshi {
namespace {

/// Runs a script on the file as another program would.
void execute(std::string const &path, std::string const &script) {
  auto *handle = static_cast<sqlite3 *>(nullptr);
  REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
  auto const code = sqlite3_exec(handle, script.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) FAIL(sqlite3_errmsg(handle));
  sqlite3_close(handle);
}

auto number(std::string const &path, std::string const &question) -> std::int64_t {
  auto const connection = know::sqlite::Connection::open("test", path, know::sqlite::Access::read);
  REQUIRE(connection);
  auto query = (*connection)->query(question);
  REQUIRE(*query.step());
  return query.integer(0);
}

/// What the first schema ever shipped looked like with people in it. Frozen: it must never follow the source.
constexpr auto kFirstSchema = R"sql(
PRAGMA journal_mode=WAL; PRAGMA application_id=1314018115; PRAGMA user_version=1;
CREATE TABLE organisations(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE users(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE COLLATE NOCASE, role INTEGER NOT NULL,
  organisation INTEGER NOT NULL REFERENCES organisations(id), disabled INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE api_keys(id INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER NOT NULL REFERENCES users(id),
  label TEXT NOT NULL, prefix TEXT NOT NULL, hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32),
  created INTEGER NOT NULL, expiry INTEGER, last_used INTEGER) STRICT;
CREATE INDEX api_keys_by_prefix ON api_keys(prefix);
CREATE TABLE audit(id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, actor TEXT NOT NULL,
  action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
INSERT INTO organisations VALUES(1, 'Old CSIRT');
INSERT INTO users(name, role, organisation) VALUES('root', 1, 1), ('carol', 2, 1);
-- SHA-256 of nrs_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
INSERT INTO api_keys(user, label, prefix, hash, created) VALUES(2, 'old laptop', 'nrs_aaaa', 
  x'e93fe94f555d2e6f3a25d8317190d4fe5889b4d0b4ad1c74cb1fc86c01baff74', 1);
INSERT INTO audit(time, actor, action, subject, detail) VALUES(1, 'root', 'user.create', 'carol', 'analyst');
)sql";

TEST_CASE("a catalogue of the first schema is brought up to date with everything in it") {
  auto folder = test::TemporaryFolder{};
  auto const path = folder / "catalogue.sqlite";
  execute(path, kFirstSchema);
  auto const opened = know::open_catalogue({.path = path, .organisation = "ignored"});
  if (!opened) FAIL(opened.error().sentence);
  auto &catalogue = **opened;
  CHECK(catalogue.organisation(model::OrganisationId{1})->name == "Old CSIRT");
  auto const root = catalogue.local_administrator();
  REQUIRE(root);
  CHECK(root->name == "root");
  auto const carol = catalogue.authenticate("nrs_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", system_clock().now());
  REQUIRE(carol);
  CHECK(carol->name == "carol");
  CHECK(catalogue.users(*root)->size() == 2);
  CHECK(catalogue.audit_log({10}, *root)->size() == 1);
  CHECK(catalogue.ensure_sensor("home")->id == model::SensorId{1});
  CHECK(catalogue.add_report("analyst/carol", "new", {}, *carol));
  CHECK(number(path, "PRAGMA user_version") == know::catalogue_schema().migrations.back().number);
}

TEST_CASE("migrations are numbered from one without a gap") {
  auto expected = std::int64_t{0};
  for (auto const &migration : know::catalogue_schema().migrations) CHECK(migration.number == ++expected);
  CHECK(expected > 1);
}

TEST_CASE("a catalogue of a newer Noroshi is refused and stays as it is") {
  auto fixture = test::CatalogueFixture{};
  fixture.catalogue.reset();
  execute(fixture.path, "PRAGMA user_version=999");
  for (auto const mode : {know::CatalogueMode::open_or_create, know::CatalogueMode::read_only}) {
    auto const opened = know::open_catalogue({.path = fixture.path, .mode = mode});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::conflict);
    CHECK(opened.error().sentence.contains("999"));
    CHECK(opened.error().sentence.contains("newer Noroshi"));
  }
  CHECK(number(fixture.path, "PRAGMA user_version") == 999);
  CHECK(number(fixture.path, "SELECT count(*) FROM users") == 1);
}

TEST_CASE("an older catalogue is not changed by a reader, which says how to bring it up to date") {
  auto folder = test::TemporaryFolder{};
  auto const path = folder / "catalogue.sqlite";
  execute(path, "PRAGMA application_id=1314018115; PRAGMA user_version=1; CREATE TABLE users(id INTEGER)");
  auto const opened = know::open_catalogue({.path = path, .mode = know::CatalogueMode::read_only});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::conflict);
  CHECK(opened.error().sentence.contains("noroshi serve"));
  CHECK(number(path, "PRAGMA user_version") == 1);
}

TEST_CASE("another program's database is not taken for a catalogue") {
  auto folder = test::TemporaryFolder{};
  auto const path = folder / "places.sqlite";
  execute(path, "CREATE TABLE places(url TEXT)");
  auto const opened = know::open_catalogue({.path = path});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::malformed);
  CHECK(opened.error().sentence.contains("another program"));
  CHECK(number(path, "SELECT count(*) FROM sqlite_schema") == 1);
}

TEST_CASE("a migration that fails leaves the file at the one before") {
  auto folder = test::TemporaryFolder{};
  using know::sqlite::Access;
  using know::sqlite::Connection;
  using know::sqlite::Migration;
  auto const connection = Connection::open("test", folder / "test.sqlite", Access::create);
  REQUIRE(connection);
  auto const broken = std::array{Migration{1, "CREATE TABLE a(x INTEGER) STRICT;"},
                                 Migration{2, "CREATE TABLE b(x INTEGER) STRICT; INSERT INTO missing VALUES(1);"}};
  auto const failed = know::sqlite::migrate(**connection, {7, broken});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().sentence.contains("migration 2"));
  CHECK(number(folder / "test.sqlite", "PRAGMA user_version") == 1);
  CHECK(number(folder / "test.sqlite", "SELECT count(*) FROM sqlite_schema") == 1);
  auto const mended = std::array{broken[0], Migration{2, "CREATE TABLE b(x INTEGER) STRICT;"}};
  REQUIRE(know::sqlite::migrate(**connection, {7, mended}));
  CHECK(number(folder / "test.sqlite", "PRAGMA user_version") == 2);
}

}  // namespace
}  // namespace noroshi
