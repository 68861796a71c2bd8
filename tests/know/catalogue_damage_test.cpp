#include <fstream>
#include <random>

#include "know/indicator_store.hpp"
#include "tests/know/catalogue_fixture.hpp"

namespace noroshi {
namespace {

using test::CatalogueFixture;

void overwrite(std::string const &path, std::size_t offset, std::string const &bytes) {
  auto file = std::fstream{path, std::ios::binary | std::ios::in | std::ios::out};
  file.seekp(static_cast<std::streamoff>(offset));
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(file.good());
}

void check_sentence(Error const &error, std::string const &path) {
  CAPTURE(error.sentence);
  CHECK(error.code == ErrorCode::malformed);
  CHECK(error.sentence.contains("is damaged"));
  CHECK(error.sentence.contains(path));
  CHECK(error.sentence.contains("backup"));
}

/// Opens, and asks a little of everything; the first error met.
auto first_error(std::string const &path) -> std::optional<Error> {
  auto opened = know::open_catalogue({.path = path});
  if (!opened) return opened.error();
  auto &catalogue = **opened;
  auto const admin = catalogue.local_administrator();
  if (!admin) return admin.error();
  if (auto const users = catalogue.users(*admin); !users) return users.error();
  if (auto const keys = catalogue.keys(*admin); !keys) return keys.error();
  if (auto const log = catalogue.audit_log({1000}, *admin); !log) return log.error();
  if (auto const reports = catalogue.reports({}, *admin); !reports) return reports.error();
  if (auto const changes = catalogue.changes_after(0, 1000); !changes) return changes.error();
  if (auto const added = catalogue.audit("test", "", "", *admin); !added) return added.error();
  return std::nullopt;
}

TEST_CASE("a file that is no database is called damaged, with what to do next, and stays as it is") {
  auto folder = test::TemporaryFolder{};
  auto const path = folder / "catalogue.sqlite";
  auto const noise = std::string(9000, 'x');
  std::ofstream{path} << noise;
  auto const opened = know::open_catalogue({.path = path});
  REQUIRE_FALSE(opened);
  check_sentence(opened.error(), path);
  CHECK(std::filesystem::file_size(path) == noise.size());
}

TEST_CASE("damage inside the file is met with the same sentence") {
  auto fixture = CatalogueFixture{};
  for (auto i = 0; i < 200; ++i)
    REQUIRE(fixture.catalogue->audit("search", "x", std::string(500, 'd'), fixture.admin()));
  fixture.catalogue.reset();
  auto const size = std::filesystem::file_size(fixture.path);
  overwrite(fixture.path, 4096, std::string(size - 4096, '\xa5'));
  auto const error = first_error(fixture.path);
  REQUIRE(error);
  check_sentence(*error, fixture.path);
}

TEST_CASE("a file cut short is met with the same sentence") {
  auto fixture = CatalogueFixture{};
  for (auto i = 0; i < 200; ++i)
    REQUIRE(fixture.catalogue->audit("search", "x", std::string(500, 'd'), fixture.admin()));
  fixture.catalogue.reset();
  std::filesystem::resize_file(fixture.path, std::filesystem::file_size(fixture.path) / 2);
  auto const error = first_error(fixture.path);
  REQUIRE(error);
  check_sentence(*error, fixture.path);
}

TEST_CASE("random damage gives an answer or an error, never a crash") {
  auto fixture = CatalogueFixture{};
  auto const admin = fixture.admin();
  auto write = model::IndicatorWrite{{model::ValueType::domain, "a.example"}, {}};
  write.context.tags = {"one", "two"};
  for (auto i = 0; i < 20; ++i)
    REQUIRE(fixture.catalogue->add_report("analyst/x", "title", std::span{&write, 1}, admin));
  fixture.catalogue.reset();
  auto const sound = fixture.folder / "sound";
  std::filesystem::copy_file(fixture.path, sound);
  auto const size = std::filesystem::file_size(sound);
  auto random = std::mt19937_64{20261121};
  auto errors = 0;
  for (auto round = 0; round < 60; ++round) {
    for (auto const *const suffix : {"-wal", "-shm"}) std::filesystem::remove(fixture.path + suffix);
    std::filesystem::copy_file(sound, fixture.path, std::filesystem::copy_options::overwrite_existing);
    for (auto i = 0; i < 64; ++i) overwrite(fixture.path, random() % size, std::string(1, static_cast<char>(random())));
    auto const error = first_error(fixture.path);
    if (!error) continue;
    ++errors;
    CHECK_FALSE(error->sentence.empty());
  }
  CHECK(errors > 0);
}

TEST_CASE("a missing catalogue, or a folder that is not there, is said so") {
  auto folder = test::TemporaryFolder{};
  for (auto const mode : {know::CatalogueMode::open_existing, know::CatalogueMode::read_only}) {
    auto const opened = know::open_catalogue({.path = folder / "none.sqlite", .mode = mode});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::not_found);
    CHECK(opened.error().sentence.contains("noroshi init"));
  }
  auto const opened = know::open_catalogue({.path = folder / "no/such/folder/c.sqlite"});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::unavailable);
  CHECK(opened.error().sentence.contains("folder"));
}

TEST_CASE("a reader works beside the node, sees what it writes, and changes nothing") {
  auto fixture = CatalogueFixture{};
  auto const beside = fixture.open(know::CatalogueMode::read_only);
  auto const admin = fixture.admin();
  REQUIRE(fixture.catalogue->add_user("alice", model::UserRole::reader, {}, admin));
  auto const key = *fixture.catalogue->add_key("alice", "x", std::nullopt, admin);
  CHECK(beside->users(admin)->size() == 2);
  CHECK(beside->authenticate(key, fixture.clock.now())->name == "alice");
  auto const refused = beside->add_user("bob", model::UserRole::reader, {}, admin);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(refused.error().sentence.contains("reading only"));
  CHECK(fixture.catalogue->users(admin)->size() == 2);
}

}  // namespace
}  // namespace noroshi
