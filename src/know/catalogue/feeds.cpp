// Sources that are loaded as a whole, and the reports they name.
#include "know/catalogue/rows.hpp"
#include "know/catalogue/sqlite_catalogue.hpp"

namespace noroshi::know {

namespace {

/// A feed is replaced as a whole, and what stood under its name is gone: what no load brings back has to stand
/// elsewhere.
auto check_name_of_feed(std::string_view name) -> Result<void> {
  for (auto const own : {"sensor/", "import/", "analyst/"})
    if (name.starts_with(own))
      return fail(ErrorCode::malformed, "names that begin with \"{}\" are not for feeds; name the feed otherwise", own);
  if (name.starts_with(' ') || name.ends_with(' '))
    return fail(ErrorCode::malformed, "the feed's name \"{}\" has blanks around it; write it without them", name);
  return ok;
}

auto check_no_reports(sqlite::Connection &connection, model::SourceId source) -> Result<void> {
  auto query = connection.query(
      "SELECT min(id), count(*), (SELECT name FROM sources WHERE id = ?1) FROM reports "
      "WHERE source = ?1 AND feed = 0 AND withdrawn = 0");
  TRY_VOID(query.bind(source).step());
  if (query.integer(1) == 0) return ok;
  return fail(ErrorCode::conflict,
              "\"{}\" is the source of {} that people wrote, report {} among them: replacing a feed of that name would "
              "take them away. Name the feed otherwise, or withdraw them first (noroshi report withdraw {})",
              query.text(2), query.integer(1) == 1 ? "a report" : fmt::format("{} reports", query.integer(1)),
              query.integer(0), query.integer(0));
}

}  // namespace

auto SqliteCatalogue::feed_source(std::string_view name, model::Viewer const &viewer) -> Result<model::Source> {
  if (!viewer.may_write_reports()) return rows::denied(viewer, "load a feed", "an analyst");
  TRY_VOID(check_name_of_feed(name));
  return database_->write([&](sqlite::Connection &connection) -> Result<model::Source> {
    TRY(auto source, rows::ensure_source(connection, name, viewer.organisation));
    if (source.organisation != viewer.organisation)
      return fail(ErrorCode::denied, "the source \"{}\" belongs to another organisation; name another", name);
    TRY_VOID(check_no_reports(connection, source.id));
    return source;
  });
}

auto SqliteCatalogue::feed_reports(model::SourceId source, std::span<std::string const> titles, model::Tlp marking,
                                   std::int64_t load) -> Result<std::vector<model::ReportId>> {
  auto const now = clock_.now();
  return database_->write([&](sqlite::Connection &connection) -> Result<std::vector<model::ReportId>> {
    auto ids = std::vector<model::ReportId>{};
    ids.reserve(titles.size());
    auto insert = connection.query(
        "INSERT INTO reports(source, title, created, marking, feed) VALUES(?, ?, ?, ?, ?) "
        "ON CONFLICT(source, title) WHERE feed <> 0 AND withdrawn = 0 "
        "DO UPDATE SET feed = excluded.feed, marking = max(marking, excluded.marking) RETURNING id");
    for (auto const &title : titles) {
      TRY(auto const found, insert.bind(source, title, now, marking, load).step());
      if (!found) return fail(ErrorCode::internal, "a feed's report was not kept");
      ids.push_back(model::ReportId{insert.integer(0)});
    }
    return ids;
  });
}

auto SqliteCatalogue::claim_feed(model::SourceId source) -> Result<std::uint64_t> {
  return database_->write([&](sqlite::Connection &connection) -> Result<std::uint64_t> {
    TRY_VOID(check_no_reports(connection, source));
    auto claim =
        connection.query("INSERT INTO feeds(source) VALUES(?) ON CONFLICT DO UPDATE SET held = held RETURNING held");
    TRY(auto const found, claim.bind(source).step());
    if (!found) return fail(ErrorCode::internal, "a feed's name was not kept");
    return static_cast<std::uint64_t>(claim.integer(0));
  });
}

auto SqliteCatalogue::feed_loaded(model::FeedLoaded const &loaded, model::Viewer const &viewer) -> Result<void> {
  auto const now = clock_.now();
  return database_->write([&](sqlite::Connection &connection) -> Result<void> {
    TRY_VOID(rows::note(connection, now, viewer.name, "feed.load", loaded.name, loaded.detail));
    // What is added may repeat what was there, so the sum would be too much.
    TRY_VOID(connection.run(loaded.replaced ? "UPDATE feeds SET held = ? WHERE source = ?"
                                            : "UPDATE feeds SET held = max(held, ?) WHERE source = ?",
                            static_cast<std::int64_t>(loaded.values), loaded.source));
    if (!loaded.replaced) return ok;
    return connection.run("DELETE FROM reports WHERE source = ? AND feed NOT IN (0, ?) AND withdrawn = 0",
                          loaded.source, loaded.load);
  });
}

}  // namespace noroshi::know
