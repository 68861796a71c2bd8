#include <algorithm>

#include <sodium.h>

#include "know/catalogue/rows.hpp"
#include "know/catalogue/sqlite_watch_book.hpp"
#include "know/catalogue/watch_rows.hpp"

namespace noroshi::know {

namespace {

constexpr auto kMaxNoteBytes = std::size_t{1000};  // a few sentences
constexpr auto kSecretBytes = std::size_t{32};     // as long as the hash that it keys

constexpr auto kSelect =
    "SELECT w.id, w.owner, coalesce(u.name, ''), w.organisation, w.about, w.note, w.tlp, w.created, w.until, "
    "w.value_count, w.answered, w.left_out, EXISTS(SELECT 1 FROM watch_hunts h WHERE h.watch = w.id), w.webhook, "
    "w.delivered, w.failures, w.trouble FROM watches w LEFT JOIN users u ON u.id = w.owner";

auto read_watch(sqlite::Query const &query) -> model::Watch {
  auto watch = model::Watch{.id = {query.integer(0)}};
  if (!query.is_null(1)) watch.owner = model::UserId{query.integer(1)};
  watch.owner_name = query.text(2);
  watch.organisation = {query.integer(3)};
  watch.about = query.enumerated<model::WatchAbout>(4);
  watch.note = query.text(5);
  watch.tlp = query.enumerated<model::Tlp>(6);
  watch.created = query.time(7);
  watch.until = query.optional_time(8);
  watch.values = query.unsigned_integer(9);
  watch.answered = query.unsigned_integer(10);
  watch.left_out = query.unsigned_integer(11);
  watch.hunting = query.integer(12) != 0;
  watch.webhook = query.text(13);
  watch.delivered = query.integer(14);
  watch.failures = static_cast<unsigned>(query.integer(15));
  watch.trouble = query.text(16);
  return watch;
}

auto no_watch(model::WatchId id) -> Error { return fail(ErrorCode::not_found, "there is no watch {}", id.number); }

auto check(model::NewWatch const &watch, model::Viewer const &viewer, Time now) -> Result<void> {
  if (!viewer.may_see_observations()) return rows::denied(viewer, "watch for values", "a reader of this organisation");
  if (!viewer.may_see(watch.tlp)) return rows::denied(viewer, "mark a watch so that he could not see it", "an analyst");
  if (!watch.note.empty()) TRY_VOID(rows::check_text("note", watch.note, kMaxNoteBytes));
  if (watch.until && *watch.until <= now)
    return fail(ErrorCode::malformed, "{} is over already; give a time that is to come", to_rfc3339(*watch.until));
  if (watch.about == model::WatchAbout::values && watch.values.empty())
    return fail(ErrorCode::malformed, "there is no value to watch for");
  if (watch.about == model::WatchAbout::indicators && !watch.values.empty())
    return fail(ErrorCode::malformed, "a watch of every indicator takes no values");
  if (watch.values.size() > model::kMaxValuesOfWatch)
    return fail(ErrorCode::too_large, "the watch has {} values, at most {} go into one; make several",
                watch.values.size(), model::kMaxValuesOfWatch);
  return ok;
}

auto check_room(sqlite::Connection &connection, std::size_t more) -> Result<void> {
  auto query = connection.query("SELECT count(*), coalesce(sum(value_count), 0) FROM watches");
  TRY([[maybe_unused]] auto const row, query.step());
  if (query.unsigned_integer(0) >= model::kMaxWatches)
    return fail(ErrorCode::too_large, "there are {} watches, which is as many as may be; remove one first",
                query.unsigned_integer(0));
  if (query.unsigned_integer(1) + more > model::kMaxWatchedValues)
    return fail(ErrorCode::too_large,
                "{} values are watched for; with {} more they would be past {}; remove a watch first",
                query.unsigned_integer(1), more, model::kMaxWatchedValues);
  return ok;
}

/// The number of different values.
auto keep_values(sqlite::Connection &connection, model::WatchId id, std::span<model::Value const> values)
    -> Result<std::int64_t> {
  auto insert = connection.query("INSERT OR IGNORE INTO watch_values(watch, type, value) VALUES(?, ?, ?)");
  auto kept = std::int64_t{0};
  for (auto const &value : values) {
    TRY_VOID(insert.bind(id, value.type, value.text).run());
    kept += connection.changes();
  }
  return kept;
}

auto fresh_secret() -> std::string {
  auto secret = std::string(kSecretBytes, '\0');
  randombytes_buf(secret.data(), secret.size());
  return secret;
}

}  // namespace

namespace rows {

auto watches(sqlite::Connection &connection) -> Result<std::map<model::WatchId, model::Watch>> {
  auto all = std::map<model::WatchId, model::Watch>{};
  auto query = connection.query(kSelect);
  for (;;) {
    TRY(auto const more, query.step());
    if (!more) return all;
    auto watch = read_watch(query);
    all.emplace(watch.id, std::move(watch));
  }
}

auto watch(sqlite::Connection &connection, model::WatchId id) -> Result<std::optional<model::Watch>> {
  static auto const sql = std::string{kSelect} + " WHERE w.id = ?";
  auto query = connection.query(sql);
  TRY(auto const found, query.bind(id).step());
  if (!found) return std::optional<model::Watch>{};
  return std::optional{read_watch(query)};
}

auto remove_watch(sqlite::Connection &connection, model::WatchId id) -> Result<void> {
  TRY_VOID(
      connection.run("DELETE FROM watch_hunt_values WHERE hunt IN (SELECT id FROM watch_hunts WHERE watch = ?)", id));
  TRY_VOID(connection.run("DELETE FROM watch_hunts WHERE watch = ?", id));
  TRY_VOID(connection.run("DELETE FROM watch_windows WHERE watch = ?", id));
  TRY_VOID(connection.run("DELETE FROM watch_answers WHERE watch = ?", id));
  TRY_VOID(connection.run("DELETE FROM watch_values WHERE watch = ?", id));
  return connection.run("DELETE FROM watches WHERE id = ?", id);
}

}  // namespace rows

auto SqliteWatchBook::add(model::NewWatch const &watch, model::Viewer const &viewer) -> Result<model::AddedWatch> {
  auto const now = clock_.now();
  TRY_VOID(check(watch, viewer, now));
  auto const secret = watch.webhook.empty() ? std::string{} : fresh_secret();
  auto added = database_->write([&](sqlite::Connection &connection) -> Result<model::AddedWatch> {
    TRY_VOID(check_room(connection, watch.values.size()));
    TRY_VOID(connection.run(
        "INSERT INTO watches(owner, organisation, about, note, tlp, created, until, value_count, webhook, secret, "
        "delivered) VALUES(?, ?, ?, ?, ?, ?, ?, 0, ?, ?, coalesce((SELECT seq FROM sqlite_sequence WHERE name = "
        "'watch_answers'), 0))",
        viewer.user, viewer.organisation, watch.about, watch.note, watch.tlp, now, watch.until, watch.webhook,
        sqlite::Blob{secret}));
    auto const id = model::WatchId{connection.last_row_id()};
    TRY(auto const kept, keep_values(connection, id, watch.values));
    TRY_VOID(connection.run("UPDATE watches SET value_count = ? WHERE id = ?", kept, id));
    if (watch.past && watch.about == model::WatchAbout::values)
      TRY_VOID(connection.run("INSERT INTO watch_hunts(watch, created, sources) VALUES(?, ?, '')", id, now));
    // The values stay out of the audit: what somebody looks for may be the secret.
    TRY_VOID(rows::note(connection, now, viewer.name, "watch.create", fmt::format("{}", id.number),
                        fmt::format("{} values{}", kept, watch.webhook.empty() ? "" : ", with a webhook")));
    TRY(auto stored, rows::watch(connection, id));
    return model::AddedWatch{*std::move(stored), secret};
  });
  ++version_;
  return added;
}

auto SqliteWatchBook::watches(model::Page page, model::Viewer const &viewer) -> Result<std::vector<model::Watch>> {
  if (!viewer.may_see_observations()) return rows::denied(viewer, "list watches", "a reader of this organisation");
  auto const now = clock_.now();
  return database_->read([&](sqlite::Connection &connection) -> Result<std::vector<model::Watch>> {
    TRY(auto all, rows::watches(connection));
    auto newest = std::vector<model::Watch>{};
    for (auto at = all.rbegin(); at != all.rend() && newest.size() < page.limit; ++at)
      if (at->first.number < page.before && (!at->second.until || *at->second.until > now) &&
          may_see(viewer, at->second))
        newest.push_back(std::move(at->second));
    return newest;
  });
}

auto SqliteWatchBook::watch(model::WatchId id, model::Viewer const &viewer) -> Result<model::Watch> {
  return database_->read([&](sqlite::Connection &connection) -> Result<model::Watch> {
    TRY(auto found, rows::watch(connection, id));
    // The same answer as for one that does not exist: that it is asked may be the secret.
    if (!found || !may_see(viewer, *found)) return no_watch(id);
    return *std::move(found);
  });
}

auto SqliteWatchBook::values(model::WatchId id, model::Value const &after, std::size_t limit,
                             model::Viewer const &viewer) -> Result<std::vector<model::Value>> {
  return database_->read([&](sqlite::Connection &connection) -> Result<std::vector<model::Value>> {
    TRY(auto const found, rows::watch(connection, id));
    if (!found || !may_see(viewer, *found)) return no_watch(id);
    auto query = connection.query(
        "SELECT type, value FROM watch_values WHERE watch = ? AND (type, value) > (?, ?) ORDER BY type, value LIMIT ?");
    auto const from = after.text.empty() ? 0 : static_cast<std::int64_t>(after.type);
    query.bind(id, from, after.text, limit);
    auto all = std::vector<model::Value>{};
    for (;;) {
      TRY(auto const more, query.step());
      if (!more) return all;
      all.push_back({query.enumerated<model::ValueType>(0), std::string{query.text(1)}});
    }
  });
}

auto SqliteWatchBook::remove(model::WatchId id, model::Viewer const &viewer) -> Result<void> {
  auto removed = database_->write([&](sqlite::Connection &connection) -> Result<void> {
    TRY(auto const found, rows::watch(connection, id));
    if (!found || !may_see(viewer, *found)) return no_watch(id);
    if (!viewer.may_administer() && found->owner != viewer.user)
      return rows::denied(viewer, "remove another's watch", "its owner or an administrator");
    TRY_VOID(rows::remove_watch(connection, id));
    return rows::note(connection, clock_.now(), viewer.name, "watch.remove", fmt::format("{}", id.number), found->note);
  });
  ++version_;
  return removed;
}

auto SqliteWatchBook::each_value(Time now,
                                 std::function<void(model::WatchId, model::ValueType, std::string_view)> const &take)
    -> Result<void> {
  return database_->read([&](sqlite::Connection &connection) -> Result<void> {
    auto query = connection.query(
        "SELECT v.watch, v.type, v.value FROM watches w JOIN watch_values v ON v.watch = w.id WHERE w.until IS NULL OR "
        "w.until > ?");
    query.bind(now);
    for (;;) {
      TRY(auto const more, query.step());
      if (!more) return ok;
      take({query.integer(0)}, query.enumerated<model::ValueType>(1), query.text(2));
    }
  });
}

}  // namespace noroshi::know
