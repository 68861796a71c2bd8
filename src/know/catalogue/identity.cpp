#include "know/catalogue/rows.hpp"
#include "know/catalogue/sqlite_catalogue.hpp"

namespace noroshi::know {

namespace rows {

namespace {
auto read_user(sqlite::Query const &query) -> model::User {
  return {.id = model::UserId{query.integer(0)},
          .name = std::string{query.text(1)},
          .role = query.enumerated<model::UserRole>(2),
          .organisation = model::OrganisationId{query.integer(3)},
          .disabled = query.integer(4) != 0};
}
}  // namespace

auto user(sqlite::Connection &connection, std::string_view name) -> Result<model::User> {
  auto query = connection.query("SELECT id, name, role, organisation, disabled FROM users WHERE name = ?");
  TRY(auto const found, query.bind(name).step());
  if (!found)
    return fail(ErrorCode::not_found, "there is no user \"{}\"; check the spelling, or add the user first", name);
  return read_user(query);
}

auto add_user(sqlite::Connection &connection, std::string_view name, model::UserRole role,
              model::OrganisationId organisation) -> Result<model::User> {
  TRY_VOID(check_name("user's name", name));
  if (auto const taken = user(connection, name); taken)
    return fail(ErrorCode::conflict, "the user \"{}\" exists already; choose another name", taken->name);
  TRY_VOID(connection.run("INSERT INTO users(name, role, organisation) VALUES(?, ?, ?)", name, role, organisation));
  return model::User{model::UserId{connection.last_row_id()}, std::string{name}, role, organisation, false};
}

}  // namespace rows

namespace {

auto find_organisation(sqlite::Connection &connection, model::OrganisationId id) -> Result<model::Organisation> {
  auto query = connection.query("SELECT name FROM organisations WHERE id = ?");
  TRY(auto const found, query.bind(id).step());
  if (!found) return fail(ErrorCode::not_found, "there is no organisation {}", id.number);
  return model::Organisation{id, std::string{query.text(0)}};
}

auto count_administrators(sqlite::Connection &connection) -> Result<std::int64_t> {
  auto query = connection.query("SELECT count(*) FROM users WHERE role = ? AND disabled = 0");
  TRY([[maybe_unused]] auto const row, query.bind(model::UserRole::admin).step());
  return query.integer(0);
}

}  // namespace

auto SqliteCatalogue::organisation(model::OrganisationId id) -> Result<model::Organisation> {
  return database_->read([&](sqlite::Connection &connection) { return find_organisation(connection, id); });
}

auto SqliteCatalogue::users(model::Viewer const &viewer) -> Result<std::vector<model::User>> {
  if (!viewer.may_administer()) return rows::denied(viewer, "list users", "an administrator");
  return database_->read([](sqlite::Connection &connection) -> Result<std::vector<model::User>> {
    auto all = std::vector<model::User>{};
    auto query = connection.query("SELECT id, name, role, organisation, disabled FROM users ORDER BY id");
    for (;;) {
      TRY(auto const more, query.step());
      if (!more) return all;
      all.push_back(rows::read_user(query));
    }
  });
}

auto SqliteCatalogue::add_user(std::string_view name, model::UserRole role, model::OrganisationId organisation,
                               model::Viewer const &viewer) -> Result<model::User> {
  if (!viewer.may_administer()) return rows::denied(viewer, "add a user", "an administrator");
  auto const own = viewer.organisation.number == 0 ? model::OrganisationId{1} : viewer.organisation;
  auto const home = organisation.number == 0 ? own : organisation;
  return database_->write([&](sqlite::Connection &connection) -> Result<model::User> {
    TRY([[maybe_unused]] auto const exists, find_organisation(connection, home));
    TRY(auto user, rows::add_user(connection, name, role, home));
    TRY_VOID(rows::note(connection, clock_.now(), viewer.name, "user.create", user.name, to_string(role)));
    return user;
  });
}

auto SqliteCatalogue::disable_user(std::string_view name, model::Viewer const &viewer) -> Result<void> {
  if (!viewer.may_administer()) return rows::denied(viewer, "disable a user", "an administrator");
  return database_->write([&](sqlite::Connection &connection) -> Result<void> {
    TRY(auto const user, rows::user(connection, name));
    if (user.disabled) return ok;
    TRY(auto const administrators, count_administrators(connection));
    if (user.role == model::UserRole::admin && administrators == 1)
      return fail(ErrorCode::conflict, "\"{}\" is the only administrator left; make another one first", user.name);
    TRY_VOID(connection.run("UPDATE users SET disabled = 1 WHERE id = ?", user.id));
    return rows::note(connection, clock_.now(), viewer.name, "user.disable", user.name, "");
  });
}

auto SqliteCatalogue::local_administrator() -> Result<model::Viewer> {
  return database_->read([](sqlite::Connection &connection) -> Result<model::Viewer> {
    auto query = connection.query(
        "SELECT id, name, role, organisation, disabled FROM users WHERE role = ? AND disabled = 0 ORDER BY id LIMIT 1");
    TRY(auto const found, query.bind(model::UserRole::admin).step());
    if (!found)
      return fail(ErrorCode::not_found, "{} has no administrator; noroshi init makes one", connection.title());
    auto const user = rows::read_user(query);
    return model::Viewer{user.id, user.name, user.role, user.organisation};
  });
}

}  // namespace noroshi::know
