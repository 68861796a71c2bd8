#include <sys/stat.h>

#include "tests/know/catalogue_fixture.hpp"

namespace noroshi {
namespace {

using test::CatalogueFixture;
using test::viewer_of;

TEST_CASE("a new catalogue has its organisation, an administrator and the sensor home") {
  auto fixture = CatalogueFixture{};
  auto const organisation = fixture.catalogue->organisation(model::OrganisationId{1});
  REQUIRE(organisation);
  CHECK(organisation->name == "Example CSIRT");
  auto const admin = fixture.admin();
  CHECK(admin.name == "admin");
  CHECK(admin.may_administer());
  auto const home = fixture.catalogue->ensure_sensor("home");
  REQUIRE(home);
  CHECK(home->id == model::SensorId{1});
  auto const source = fixture.catalogue->source(home->source);
  REQUIRE(source);
  CHECK(source->name == "sensor/home");
  CHECK(fixture.catalogue->organisation(model::OrganisationId{2}).error().code == ErrorCode::not_found);
}

TEST_CASE("the catalogue's file is readable by its owner alone") {
  auto fixture = CatalogueFixture{};
  struct stat about{};
  for (auto const *const suffix : {"", "-wal", "-shm"}) {
    REQUIRE(::stat((fixture.path + suffix).c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0600);
  }
}

TEST_CASE("users stay over a restart, and nothing is founded twice") {
  auto fixture = CatalogueFixture{};
  auto const alice = fixture.catalogue->add_user("alice", model::UserRole::analyst, {}, fixture.admin());
  REQUIRE(alice);
  CHECK(alice->organisation == model::OrganisationId{1});
  fixture.reopen();
  auto const users = fixture.catalogue->users(fixture.admin());
  REQUIRE(users);
  REQUIRE(users->size() == 2);
  CHECK(users->at(1).name == "alice");
  CHECK(users->at(1).role == model::UserRole::analyst);
  CHECK(fixture.catalogue->sensors(fixture.admin())->size() == 1);
}

TEST_CASE("a user's name is taken in either case, and has plain characters only") {
  auto fixture = CatalogueFixture{};
  auto const admin = fixture.admin();
  REQUIRE(fixture.catalogue->add_user("alice", model::UserRole::analyst, {}, admin));
  CHECK(fixture.catalogue->add_user("Alice", model::UserRole::reader, {}, admin).error().code == ErrorCode::conflict);
  for (auto const *const bad : {"", "two words", "a\x1b[31m", "a'b", "日本"})
    CHECK(fixture.catalogue->add_user(bad, model::UserRole::reader, {}, admin).error().code == ErrorCode::malformed);
  CHECK(fixture.catalogue->add_user(std::string(65, 'a'), model::UserRole::reader, {}, admin).error().code ==
        ErrorCode::too_large);
  CHECK(fixture.catalogue->add_user("bob", model::UserRole::reader, model::OrganisationId{9}, admin).error().code ==
        ErrorCode::not_found);
  CHECK(fixture.catalogue->users(admin)->size() == 2);
}

TEST_CASE("the last administrator cannot be disabled") {
  auto fixture = CatalogueFixture{};
  CHECK(fixture.catalogue->disable_user("admin", fixture.admin()).error().code == ErrorCode::conflict);
  REQUIRE(fixture.catalogue->add_user("second", model::UserRole::admin, {}, fixture.admin()));
  REQUIRE(fixture.catalogue->disable_user("admin", fixture.admin()));
  CHECK(fixture.admin().name == "second");
  CHECK(fixture.catalogue->disable_user("nobody", fixture.admin()).error().code == ErrorCode::not_found);
}

TEST_CASE("a key lives until it expires, is revoked, or its user is disabled") {
  auto fixture = CatalogueFixture{};
  auto const admin = fixture.admin();
  auto &catalogue = *fixture.catalogue;
  REQUIRE(catalogue.add_user("alice", model::UserRole::analyst, {}, admin));
  auto const expiry = fixture.clock.now() + std::chrono::hours{1};
  auto const key = catalogue.add_key("alice", "laptop", expiry, admin);
  auto const spare = catalogue.add_key("alice", "script", std::nullopt, admin);
  REQUIRE(key);
  REQUIRE(spare);
  CHECK(key->size() == 36);
  CHECK(key->starts_with("nrs_"));
  CHECK(*key != *spare);

  auto const viewer = catalogue.authenticate(*key, fixture.clock.now());
  REQUIRE(viewer);
  CHECK(viewer->name == "alice");
  CHECK(viewer->role == model::UserRole::analyst);
  CHECK(catalogue.authenticate(*key, expiry - Duration{1}));
  CHECK(catalogue.authenticate(*key, expiry).error().code == ErrorCode::denied);

  auto const keys = catalogue.keys(admin);
  REQUIRE(keys);
  REQUIRE(keys->size() == 2);
  CHECK(keys->at(0).prefix == key->substr(0, 8));
  CHECK(keys->at(0).expiry == expiry);
  CHECK_FALSE(keys->at(1).last_used);

  REQUIRE(catalogue.authenticate(*spare, fixture.clock.now()));
  REQUIRE(catalogue.revoke_key(keys->at(1).id, admin));
  CHECK(catalogue.authenticate(*spare, fixture.clock.now()).error().code == ErrorCode::denied);
  CHECK(catalogue.revoke_key(keys->at(1).id, admin).error().code == ErrorCode::not_found);

  REQUIRE(catalogue.disable_user("alice", admin));
  CHECK(catalogue.authenticate(*key, fixture.clock.now()).error().code == ErrorCode::denied);
  CHECK(catalogue.add_key("alice", "again", std::nullopt, admin).error().code == ErrorCode::conflict);
}

TEST_CASE("a key that is not exactly right is denied") {
  auto fixture = CatalogueFixture{};
  auto const key = *fixture.catalogue->add_key("admin", "test", std::nullopt, fixture.admin());
  auto const now = fixture.clock.now();
  REQUIRE(fixture.catalogue->authenticate(key, now));
  CHECK(fixture.catalogue->authenticate("", now).error().code == ErrorCode::denied);
  CHECK(fixture.catalogue->authenticate(key.substr(0, 35), now).error().code == ErrorCode::denied);
  CHECK(fixture.catalogue->authenticate(key + "a", now).error().code == ErrorCode::denied);
  for (auto i = std::size_t{0}; i < key.size(); ++i) {
    auto wrong = key;
    wrong[i] = wrong[i] == 'a' ? 'b' : 'a';
    CHECK(fixture.catalogue->authenticate(wrong, now).error().code == ErrorCode::denied);
  }
}

TEST_CASE("only the key's hash is on disk") {
  auto fixture = CatalogueFixture{};
  auto const key = *fixture.catalogue->add_key("admin", "test", std::nullopt, fixture.admin());
  REQUIRE(fixture.catalogue->authenticate(key, fixture.clock.now()));
  fixture.catalogue.reset();
  auto const file = std::filesystem::path{fixture.path};
  auto content = std::string(std::filesystem::file_size(file), '\0');
  auto *const stream = std::fopen(file.c_str(), "rb");
  REQUIRE(std::fread(content.data(), 1, content.size(), stream) == content.size());
  std::fclose(stream);
  CHECK(content.contains(key.substr(0, 8)));
  CHECK_FALSE(content.contains(key.substr(8)));
}

TEST_CASE("a key's last use is written at most once a minute") {
  auto fixture = CatalogueFixture{};
  auto const key = *fixture.catalogue->add_key("admin", "test", std::nullopt, fixture.admin());
  auto const last_used = [&] { return fixture.catalogue->keys(fixture.admin())->at(0).last_used; };
  auto const first = fixture.clock.now();
  REQUIRE(fixture.catalogue->authenticate(key, first));
  CHECK(last_used() == first);
  REQUIRE(fixture.catalogue->authenticate(key, first + std::chrono::seconds{59}));
  CHECK(last_used() == first);
  REQUIRE(fixture.catalogue->authenticate(key, first + std::chrono::seconds{60}));
  CHECK(last_used() == first + std::chrono::seconds{60});
}

TEST_CASE("every privileged act leaves an audit row, newest first, and a refused one leaves none") {
  auto fixture = CatalogueFixture{};
  auto const admin = fixture.admin();
  REQUIRE(fixture.catalogue->add_user("alice", model::UserRole::analyst, {}, admin));
  REQUIRE(fixture.catalogue->add_key("alice", "laptop", std::nullopt, admin));
  REQUIRE(fixture.catalogue->revoke_key(1, admin));
  REQUIRE(fixture.catalogue->disable_user("alice", admin));
  REQUIRE(fixture.catalogue->audit("search", "192.0.2.1", "members all", viewer_of(model::UserRole::reader)));
  CHECK_FALSE(fixture.catalogue->disable_user("admin", admin));
  auto const log = fixture.catalogue->audit_log({100}, admin);
  REQUIRE(log);
  auto actions = std::string{};
  for (auto const &entry : *log) actions += entry.action + " ";
  CHECK(actions == "search user.disable key.revoke key.create user.create catalogue.create ");
  CHECK(log->at(0).actor == "reader");
  CHECK(log->at(1).actor == "admin");
  CHECK(log->at(1).subject == "alice");
  CHECK(fixture.catalogue->audit_log({2}, admin)->size() == 2);
}

TEST_CASE("a long audit detail is cut between characters, not refused") {
  auto fixture = CatalogueFixture{};
  auto detail = std::string(4095, 'x') + "日本";
  REQUIRE(fixture.catalogue->audit("search", "x", detail, fixture.admin()));
  CHECK(fixture.catalogue->audit_log({1}, fixture.admin())->at(0).detail == std::string(4095, 'x') + "…");
}

}  // namespace
}  // namespace noroshi
