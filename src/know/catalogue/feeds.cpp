// Sources that are loaded as a whole, and the reports they name.
#include "know/catalogue/rows.hpp"
#include "know/catalogue/sqlite_catalogue.hpp"

namespace noroshi::know {

auto SqliteCatalogue::feed_source(std::string_view name, model::Viewer const &viewer) -> Result<model::Source> {
  if (!viewer.may_write_reports()) return rows::denied(viewer, "load a feed", "an analyst");
  // A feed is replaced as a whole, and what stood under its name is gone.
  for (auto const own : {"sensor/", "import/", "analyst/"})
    if (name.starts_with(own))
      return fail(ErrorCode::denied, "names that begin with \"{}\" are not for feeds; name the feed otherwise", own);
  return database_->write([&](sqlite::Connection &connection) -> Result<model::Source> {
    TRY(auto source, rows::ensure_source(connection, name, viewer.organisation));
    if (source.organisation != viewer.organisation)
      return fail(ErrorCode::denied, "the source \"{}\" belongs to another organisation; name another", name);
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

auto SqliteCatalogue::keep_feed_reports(model::SourceId source, std::int64_t load) -> Result<void> {
  return database_->write([&](sqlite::Connection &connection) {
    return connection.run("DELETE FROM reports WHERE source = ? AND feed NOT IN (0, ?) AND withdrawn = 0", source,
                          load);
  });
}

}  // namespace noroshi::know
