// Where sources come from: in rows and profiles, after restarts and closings, and beside what an earlier version wrote.
#include <doctest/doctest.h>

#include <duckdb.h>

#include "tests/know/observations_support.hpp"

namespace noroshi::know::testing {
namespace {

auto const kSource = model::IpAddress::v4(0xcb00'7107);
auto const kPlace =
    model::WhereFrom{"JP", 64496, "Example \\x41 Networks", {{model::FlagKind::vpn, "A list", "2026-11-20"}}};

void apply_from(model::ObservationStore &store, model::WhereFrom const &where, Time time, std::uint64_t position) {
  auto const frames =
      frames_of({observation(model::Kind::opened, kSource, time), observation(model::Kind::login, kSource, time, 1)});
  auto const table = model::WhereTable::of({{kSource, where}});
  auto const batches = std::vector{model::ReceivedBatch{{7}, time, frames, &table}};
  CHECK(value_of(store.apply(batches, position)) == 2);
}
auto profile(model::ObservationStore &store) -> model::Profile {
  auto const found = value_of(store.profile(kSource, kAnalyst));
  REQUIRE(found);
  return *found;
}
auto visits(model::ObservationStore &store) -> std::vector<model::StoredObservation> {
  auto all = std::vector<model::StoredObservation>{};
  for (auto const &visit : value_of(store.visits_of(kSource, 10, kAnalyst)))
    for (auto &row : value_of(store.visit(visit.visit, kAnalyst))) all.push_back(std::move(row));
  return all;
}

/// Takes today's columns away, as a store of the version before has them.
void make_old(Folder const &folder, Day closed, Day open_day) {
  auto database = duckdb_database{};
  REQUIRE(duckdb_open((folder / "observations.duckdb").c_str(), &database) == DuckDBSuccess);
  auto connection = duckdb_connection{};
  REQUIRE(duckdb_connect(database, &connection) == DuckDBSuccess);
  auto const run = [&](std::string const &sql) {
    auto result = duckdb_result{};
    auto const state = duckdb_query(connection, sql.c_str(), &result);
    INFO(sql << ": " << (state == DuckDBSuccess ? "" : duckdb_result_error(&result)));
    REQUIRE(state == DuckDBSuccess);
    duckdb_destroy_result(&result);
  };
  auto table = "obs_" + to_string(open_day);
  std::erase(table, '-');
  for (auto const *column : {"src_country", "src_asn", "src_flags", "src_where"})
    run("ALTER TABLE " + table + " DROP COLUMN " + column);
  auto const file = folder / ("days/" + to_string(closed) + ".parquet");
  run("COPY (SELECT * EXCLUDE (src_country, src_asn, src_flags, src_where) FROM read_parquet('" + file + "')) TO '" +
      file + ".old' (FORMAT parquet)");
  std::filesystem::rename(file + ".old", file);
  run("UPDATE days SET bytes = " + std::to_string(std::filesystem::file_size(file)));
  run("CHECKPOINT");
  duckdb_disconnect(&connection);
  duckdb_close(&database);
}

}  // namespace

TEST_CASE(
    "a visit keeps where it came from, the profile that of the last one, over a restart and the closing of days") {
  auto const folder = Folder{};
  {
    auto const store = open(options_in(folder));
    apply_from(*store, kPlace, at(1, 1000), 1);
    CHECK(profile(*store).where == kPlace);
    REQUIRE(visits(*store).size() == 2);
    for (auto const &row : visits(*store)) CHECK(row.where == kPlace);
  }
  auto const store = open(options_in(folder));
  CHECK(profile(*store).where == kPlace);  // rebuilt from the rows
  apply_from(*store, {"US", 64497, "", {}}, at(2, 1000), 2);
  CHECK(profile(*store).where.country == "US");
  apply_from(*store, kPlace, at(1, 500), 3);  // an older visit that came in late
  CHECK(profile(*store).where.country == "US");
  CHECK(value_of(store->close_days(day(3))) == 2);
  auto const countries = value_of(store->top_origins(model::Kind::opened, model::Origin::country, {}, 5, kReader));
  REQUIRE(countries.size() == 2);
  CHECK(countries[0].value == "JP");
  CHECK(countries[0].count == 2);
  auto const networks = value_of(store->top_origins(model::Kind::login, model::Origin::network, {}, 5, kReader));
  REQUIRE(networks.size() == 2);
  CHECK(networks[1].value == "AS64497");
  CHECK(value_of(store->top_origins(model::Kind::opened, model::Origin::country, at(9), 5, kReader)).empty());
  CHECK(profile(*store).where.country == "US");
  auto places = std::vector<std::string>{};
  for (auto const &row : visits(*store)) places.push_back(row.where.country + " " + row.where.network);
  std::ranges::sort(places);
  CHECK(std::ranges::count(places, "US ") == 2);
  CHECK(std::ranges::count(places, "JP Example \\x41 Networks") == 4);
}

TEST_CASE("an observation of which nothing is known has no place, and a later known one has") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  apply(*store, {observation(model::Kind::opened, kSource, at(1))}, at(1), 1);
  CHECK(profile(*store).where.empty());
  apply_from(*store, kPlace, at(1, 10), 2);
  CHECK(profile(*store).where == kPlace);
}

TEST_CASE("a store of the version before opens, answers about its old days and goes on") {
  auto const folder = Folder{};
  {
    auto const store = open(options_in(folder));
    apply_from(*store, kPlace, at(1, 1000), 1);
    CHECK(value_of(store->close_days(day(2))) == 1);
    apply_from(*store, kPlace, at(2, 1000), 2);
  }
  make_old(folder, day(1), day(2));
  {
    auto const store = open(options_in(folder));
    REQUIRE(visits(*store).size() == 4);
    for (auto const &row : visits(*store)) CHECK(row.where.empty());
    CHECK(value_of(store->visits_of(kSource, 10, kAnalyst)).size() == 2);
    CHECK(value_of(store->top_values(model::Kind::login, model::Field::username, at(1), 5, kAnalyst)).empty());
    apply_from(*store, kPlace, at(2, 2000), 3);
    auto known = 0;
    for (auto const &row : visits(*store)) known += row.where == kPlace ? 1 : 0;
    CHECK(known == 2);
    CHECK(value_of(store->close_days(day(3))) == 1);
  }
  auto const store = open(options_in(folder));
  CHECK(value_of(store->stats(kAnalyst)).rows == 6);
  CHECK(profile(*store).where == kPlace);
}

}  // namespace noroshi::know::testing
