#include "know/catalogue/changes.hpp"

#include <algorithm>

#include "know/catalogue/sqlite_catalogue.hpp"
#include "know/sqlite_context.hpp"

namespace noroshi::know {

namespace {
/// One commit of the indicator store is held in memory; at some 300 bytes a change this is 30 MB.
constexpr auto kMaxChanges = std::size_t{100'000};
}  // namespace

auto changes::append(sqlite::Connection &connection, Kind kind, model::ReportId report, std::int64_t number)
    -> Result<void> {
  return connection.run("INSERT INTO changes(kind, report, number) VALUES(?, ?, ?)", kind, report, number);
}

auto SqliteCatalogue::changes_after(std::uint64_t position, std::size_t limit)
    -> Result<std::optional<model::IndicatorCommit>> {
  return database_->read([&](sqlite::Connection &connection) -> Result<std::optional<model::IndicatorCommit>> {
    static auto const sql = fmt::format(
        "SELECT c.seq, c.kind, r.source, r.id, i.type, i.value, {} FROM changes c JOIN reports r ON r.id = c.report "
        "LEFT JOIN report_indicators i ON i.report = c.report AND i.number = c.number "
        "WHERE c.seq > ? ORDER BY c.seq LIMIT ?",
        sqlite::context_columns("i."));
    auto query = connection.query(sql);
    query.bind(position, std::min(limit, kMaxChanges));
    auto commit = model::IndicatorCommit{.stream = "catalogue"};
    for (;;) {
      TRY(auto const more, query.step());
      if (!more) break;
      commit.position = query.unsigned_integer(0);
      if (query.enumerated<changes::Kind>(1) == changes::Kind::withdraw) {
        commit.withdrawals.push_back({model::SourceId{query.integer(2)}, model::ReportId{query.integer(3)}});
        continue;
      }
      auto context = sqlite::read_context(query, 6);
      context.sequence = commit.position;
      commit.writes.push_back(
          {{query.enumerated<model::ValueType>(4), std::string{query.text(5)}}, std::move(context)});
    }
    if (commit.position == 0) return std::optional<model::IndicatorCommit>{};
    return std::optional{std::move(commit)};
  });
}

auto SqliteCatalogue::trim_changes(std::uint64_t position) -> Result<void> {
  return database_->write(
      [&](sqlite::Connection &connection) { return connection.run("DELETE FROM changes WHERE seq <= ?", position); });
}

}  // namespace noroshi::know
