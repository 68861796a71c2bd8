#include "know/observations/observations_session.hpp"

#include <algorithm>

#include "know/observations/observations_schema.hpp"

namespace noroshi::know::observations {

auto Session::begin(Core &core, std::optional<std::uint64_t> key, std::function<void(State const &)> const &with_state)
    -> Result<std::unique_ptr<Session>> {
  auto const deadline = std::chrono::steady_clock::now() + core.options.query_deadline;
  TRY(auto connection, core.pool.borrow(core.database.handle, deadline));
  auto session = std::unique_ptr<Session>{new Session{core, std::move(connection), deadline}};
  core.watchdog.watch(session->connection_.get(), deadline);
  auto const lock = std::scoped_lock{core.state_mutex};
  TRY_VOID(session->connection_.run("BEGIN TRANSACTION"));
  // DuckDB takes the snapshot at the first touch, not at BEGIN.
  TRY_VOID(session->connection_.count("SELECT position FROM cursor"));
  session->find_places(key);
  if (with_state) with_state(core.state);
  return session;
}

Session::~Session() {
  core_.watchdog.release(connection_.get());
  (void)connection_.run("ROLLBACK");
  core_.pool.give_back(std::move(connection_));
}

void Session::find_places(std::optional<std::uint64_t> key) {
  for (auto const &[day, open] : core_.state.open)
    if (open.rows != 0 && (!key || open.filter.may_contain(*key))) places_.push_back({day, table_of(day), nullptr});
  for (auto const &part : core_.state.closed)
    if (!key || part->filter->may_contain(*key)) places_.push_back({part->day, part->from, part});
  std::ranges::sort(places_, std::ranges::greater{},
                    [](Place const &place) { return std::tie(place.day, place.from); });
}

auto Session::query(std::string const &sql, std::vector<std::string> const &texts, duck::Fetch fetch)
    -> Result<duck::Rows> {
  if (std::chrono::steady_clock::now() >= deadline_) return duck::duck_error("", "INTERRUPT");
  return connection_.query(sql, texts, fetch);
}

auto union_of(std::vector<Place> const &places, std::string_view columns, std::string_view where) -> std::string {
  auto sql = std::string{};
  for (auto const &place : places)
    sql += fmt::format("{}SELECT {} FROM {} WHERE {}", sql.empty() ? "" : " UNION ALL ", columns, place.from, where);
  return sql;
}

}  // namespace noroshi::know::observations
