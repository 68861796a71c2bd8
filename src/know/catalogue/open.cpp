#include "know/catalogue/rows.hpp"
#include "know/catalogue/schema.hpp"
#include "know/catalogue/sqlite_catalogue.hpp"
#include "know/catalogue/sqlite_watch_book.hpp"

namespace noroshi::know {

namespace {

auto access_of(CatalogueMode mode) -> sqlite::Access {
  switch (mode) {
    case CatalogueMode::open_or_create: return sqlite::Access::create;
    case CatalogueMode::open_existing: return sqlite::Access::write;
    case CatalogueMode::read_only: return sqlite::Access::read;
  }
  return sqlite::Access::read;
}

/// Organisation 1, the first administrator and the node's own sensor; nothing where they are there already, so that a
/// start that was cut short is made good by the next.
auto found(sqlite::Connection &connection, CatalogueOptions const &options) -> Result<void> {
  auto organisations = connection.query("SELECT 1 FROM organisations WHERE id = 1");
  TRY(auto const founded, organisations.step());
  if (!founded) {
    TRY_VOID(rows::check_text("organisation's name", options.organisation, 200));
    TRY_VOID(rows::check_name("administrator's name", options.administrator));
    TRY_VOID(connection.run("INSERT INTO organisations(id, name) VALUES(1, ?)", options.organisation));
    TRY(auto const first,
        rows::add_user(connection, options.administrator, model::UserRole::admin, model::OrganisationId{1}));
    TRY_VOID(
        rows::note(connection, options.clock->now(), "node", "catalogue.create", first.name, options.organisation));
  }
  TRY([[maybe_unused]] auto const home, rows::ensure_sensor(connection, "home"));
  return ok;
}

auto open_database(CatalogueOptions const &options) -> Result<std::shared_ptr<sqlite::Database>> {
  auto const access = access_of(options.mode);
  TRY(auto database,
      sqlite::Database::open({.name = "catalogue", .path = options.path, .access = access}, catalogue_schema()));
  if (access != sqlite::Access::read)
    TRY_VOID(database->write([&](sqlite::Connection &connection) { return found(connection, options); }));
  return std::shared_ptr<sqlite::Database>{std::move(database)};
}

}  // namespace

auto open_catalogue(CatalogueOptions options) -> Result<std::unique_ptr<model::Catalogue>> {
  TRY(auto database, open_database(options));
  return std::make_unique<SqliteCatalogue>(std::move(database), *options.clock);
}

auto open_catalogue_and_watches(CatalogueOptions options) -> Result<CatalogueAndWatches> {
  TRY(auto database, open_database(options));
  auto watches = std::make_unique<SqliteWatchBook>(database, *options.clock);
  return CatalogueAndWatches{std::make_unique<SqliteCatalogue>(std::move(database), *options.clock),
                             std::move(watches)};
}

}  // namespace noroshi::know
