#include <algorithm>

#include "know/catalogue/changes.hpp"
#include "know/catalogue/rows.hpp"
#include "know/catalogue/sqlite_catalogue.hpp"
#include "know/sqlite_context.hpp"

namespace noroshi::know {

namespace {

constexpr auto kMaxTitleBytes = std::size_t{1000};  // a headline
/// The largest public reports list some ten thousand; past this it is a feed, and comes in parts.
constexpr auto kMaxReportWrites = std::size_t{500'000};

struct StoredReport {
  model::Report report;
  model::Tlp marking = model::Tlp::red;
};

constexpr auto kSelectReport = "SELECT id, source, title, created, withdrawn, marking FROM reports WHERE id = ?";

auto read_report(sqlite::Query const &query) -> StoredReport {
  return {{.id = model::ReportId{query.integer(0)},
           .source = model::SourceId{query.integer(1)},
           .title = std::string{query.text(2)},
           .created = query.time(3),
           .withdrawn = query.integer(4) != 0},
          query.enumerated<model::Tlp>(5)};
}

auto find_report(sqlite::Connection &connection, model::ReportId id) -> Result<StoredReport> {
  auto query = connection.query(kSelectReport);
  TRY(auto const found, query.bind(id).step());
  if (!found) return fail(ErrorCode::not_found, "there is no report {}", id.number);
  return read_report(query);
}

/// A title speaks of everything in the report, so the strictest marking inside is the report's own.
auto marking_of(std::span<model::IndicatorWrite const> writes) -> model::Tlp {
  auto marking = model::Tlp::clear;
  for (auto const &write : writes) marking = std::max(marking, write.context.tlp);
  return writes.empty() ? model::Tlp::amber : marking;
}

/// The source, if the viewer may speak for it.
auto publisher(sqlite::Connection &connection, std::string_view name, model::Viewer const &viewer)
    -> Result<model::Source> {
  if (name.starts_with("sensor/"))
    return fail(ErrorCode::denied, "\"{}\" is a sensor's source, which only its batches write; name another", name);
  TRY(auto source, rows::ensure_source(connection, name, viewer.organisation));
  if (source.organisation != viewer.organisation)
    return fail(ErrorCode::denied, "the source \"{}\" belongs to another organisation; name another", name);
  auto query = connection.query("SELECT 1 FROM feeds WHERE source = ?");
  TRY(auto const is_feed, query.bind(source.id).step());
  if (is_feed)
    return fail(ErrorCode::conflict,
                "\"{}\" is a feed: the next import that replaces it would take the report away. Name another source, "
                "or leave it out",
                name);
  return source;
}

auto check_publisher(sqlite::Connection &connection, model::SourceId source, model::Viewer const &viewer)
    -> Result<void> {
  auto query = connection.query("SELECT 1 FROM sources WHERE id = ? AND organisation = ?");
  TRY(auto const own, query.bind(source, viewer.organisation).step());
  if (!own) return rows::denied(viewer, "withdraw another organisation's report", "an analyst of that organisation");
  return ok;
}

auto keep_indicators(sqlite::Connection &connection, model::Report const &report,
                     std::span<model::IndicatorWrite const> writes) -> Result<void> {
  static auto const sql = fmt::format("INSERT INTO report_indicators(number, type, value, {}) VALUES(?, ?, ?, {})",
                                      sqlite::context_columns(), sqlite::context_marks());
  auto insert = connection.query(sql);
  auto number = std::int64_t{0};
  for (auto const &write : writes) {
    auto context = write.context;
    context.source = report.source;
    context.report = report.id;
    insert.bind(++number, write.indicator.type, write.indicator.text);
    sqlite::bind_context(insert, context);
    TRY_VOID(insert.run());
    TRY_VOID(changes::append(connection, changes::Kind::add, report.id, number));
  }
  return ok;
}

}  // namespace

auto SqliteCatalogue::add_report(std::string_view source, std::string_view title,
                                 std::span<model::IndicatorWrite const> writes, model::Viewer const &viewer)
    -> Result<model::Report> {
  if (!viewer.may_write_reports()) return rows::denied(viewer, "write a report", "an analyst");
  TRY_VOID(rows::check_text("report's title", title, kMaxTitleBytes));
  if (writes.size() > kMaxReportWrites)
    return fail(ErrorCode::too_large, "the report has {} indicators, at most {} go into one; hand it in in parts",
                writes.size(), kMaxReportWrites);
  auto const now = clock_.now();
  return database_->write([&](sqlite::Connection &connection) -> Result<model::Report> {
    TRY(auto const from, publisher(connection, source, viewer));
    TRY_VOID(connection.run("INSERT INTO reports(source, title, created, marking) VALUES(?, ?, ?, ?)", from.id, title,
                            now, marking_of(writes)));
    auto report = model::Report{.id = model::ReportId{connection.last_row_id()},
                                .source = from.id,
                                .title = std::string{title},
                                .created = now};
    TRY_VOID(keep_indicators(connection, report, writes));
    TRY_VOID(rows::note(connection, now, viewer.name, "report.create", fmt::format("{}", report.id.number),
                        fmt::format("{} indicators from {}: {}", writes.size(), source, title)));
    return report;
  });
}

auto SqliteCatalogue::withdraw_report(model::ReportId id, model::Viewer const &viewer) -> Result<void> {
  if (!viewer.may_write_reports()) return rows::denied(viewer, "withdraw a report", "an analyst");
  return database_->write([&](sqlite::Connection &connection) -> Result<void> {
    TRY(auto const stored, find_report(connection, id));
    TRY_VOID(check_publisher(connection, stored.report.source, viewer));
    if (stored.report.withdrawn) return ok;
    TRY_VOID(connection.run("UPDATE reports SET withdrawn = 1 WHERE id = ?", id));
    TRY_VOID(changes::append(connection, changes::Kind::withdraw, id, 0));
    return rows::note(connection, clock_.now(), viewer.name, "report.withdraw", fmt::format("{}", id.number),
                      stored.report.title);
  });
}

auto SqliteCatalogue::reports(model::Page page, model::Viewer const &viewer) -> Result<std::vector<model::Report>> {
  if (!viewer.may_read()) return rows::denied(viewer, "list reports", "a reader");
  return database_->read([&](sqlite::Connection &connection) -> Result<std::vector<model::Report>> {
    auto all = std::vector<model::Report>{};
    auto query = connection.query(
        "SELECT id, source, title, created, withdrawn, marking FROM reports WHERE id < ? AND feed = 0 ORDER BY id "
        "DESC");
    query.bind(page.before);
    for (;;) {
      TRY(auto const more, query.step());
      if (!more || all.size() == page.limit) return all;
      auto stored = read_report(query);
      if (viewer.may_see(stored.marking)) all.push_back(std::move(stored.report));
    }
  });
}

auto SqliteCatalogue::report(model::ReportId id, model::Viewer const &viewer) -> Result<model::Report> {
  if (!viewer.may_read()) return rows::denied(viewer, "read a report", "a reader");
  return database_->read([&](sqlite::Connection &connection) -> Result<model::Report> {
    TRY(auto stored, find_report(connection, id));
    // The same answer as for a report that does not exist: that one exists may be the secret.
    if (!viewer.may_see(stored.marking)) return fail(ErrorCode::not_found, "there is no report {}", id.number);
    return std::move(stored.report);
  });
}

}  // namespace noroshi::know
