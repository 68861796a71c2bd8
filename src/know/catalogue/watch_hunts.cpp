#include <algorithm>
#include <charconv>

#include "know/catalogue/sqlite_watch_book.hpp"
#include "know/catalogue/watch_rows.hpp"

namespace noroshi::know {

namespace {

// Answers of one hunt that are given one by one; the others are counted in one.
constexpr auto kMaxPast = std::uint64_t{1'000};

auto keep(sqlite::Connection &connection, std::int64_t hunt, bool is_said, std::span<model::Value const> values)
    -> Result<void> {
  auto insert =
      connection.query("INSERT OR IGNORE INTO watch_hunt_values(hunt, is_said, type, value) VALUES(?, ?, ?, ?)");
  for (auto const &value : values) TRY_VOID(insert.bind(hunt, is_said ? 1 : 0, value.type, value.text).run());
  return ok;
}

auto read_values(sqlite::Query &query) -> Result<std::vector<model::Value>> {
  auto values = std::vector<model::Value>{};
  for (;;) {
    TRY(auto const more, query.step());
    if (!more) return values;
    values.push_back({query.enumerated<model::ValueType>(0), std::string{query.text(1)}});
  }
}

auto sources_of(std::string_view text) -> std::vector<model::SourceId> {
  auto sources = std::vector<model::SourceId>{};
  while (!text.empty()) {
    auto const part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    auto number = std::int64_t{0};
    std::from_chars(part.data(), part.data() + part.size(), number);
    sources.push_back({number});
  }
  return sources;
}

auto text_of(std::vector<model::SourceId> const &sources) -> std::string {
  auto text = std::string{};
  for (auto const source : sources) text += fmt::format("{}{}", text.empty() ? "" : ",", source.number);
  return text;
}

/// Of each watch the first kMaxPast findings of the past as they are, and one for all others. A finding without a value
/// counts several.
auto answer_past(rows::AnswerWriter &writer, std::span<model::Finding const> findings) -> Result<void> {
  struct Told {
    std::uint64_t one_by_one = 0;
    model::Finding others;
  };
  auto told = std::map<model::WatchId, Told>{};
  for (auto const &finding : findings) {
    if (finding.kind != model::AnswerKind::past) {
      TRY_VOID(writer.take(finding));
      continue;
    }
    auto &of = told[finding.watch];
    if (of.one_by_one++ < kMaxPast) {
      TRY_VOID(writer.answer(finding));
      continue;
    }
    auto const is_first = of.others.count == 0;
    of.others.watch = finding.watch;
    of.others.kind = model::AnswerKind::past;
    of.others.first_seen = is_first ? finding.first_seen : std::min(of.others.first_seen, finding.first_seen);
    of.others.last_seen = std::max(of.others.last_seen, finding.last_seen);
    of.others.tlp = std::max(of.others.tlp, finding.tlp);
    of.others.count += finding.value.text.empty() ? finding.count : 1;
  }
  for (auto const &[watch, of] : told)
    if (of.others.count > 0) TRY_VOID(writer.answer(of.others));
  return ok;
}

}  // namespace

auto SqliteWatchBook::plan_hunt(std::string_view stream, std::uint64_t position, model::Hunt const &hunt, Time now)
    -> Result<std::int64_t> {
  return database_->write([&](sqlite::Connection &connection) -> Result<std::int64_t> {
    if (!stream.empty()) {
      auto query = connection.query("SELECT 1 FROM cursors WHERE stream = ? AND position >= ?");
      TRY(auto const done, query.bind(stream, position).step());
      if (done) return 0;
    }
    TRY_VOID(connection.run(
        "INSERT INTO watch_hunts(watch, created, sources) SELECT ?1, ?2, ?3 WHERE ?1 IS NULL OR EXISTS(SELECT 1 FROM "
        "watches WHERE id = ?1)",
        hunt.watch, now, text_of(hunt.sources)));
    if (connection.changes() == 0) return 0;  // its watch was removed meanwhile
    auto const id = connection.last_row_id();
    if (hunt.watch) return id;  // its values stand in the watch
    TRY_VOID(keep(connection, id, false, hunt.values));
    TRY_VOID(keep(connection, id, true, hunt.said));
    return id;
  });
}

auto SqliteWatchBook::next_hunt(std::set<std::int64_t> const &held) -> Result<std::optional<model::Hunt>> {
  return database_->read([&](sqlite::Connection &connection) -> Result<std::optional<model::Hunt>> {
    auto query = connection.query("SELECT id, watch, sources FROM watch_hunts ORDER BY id");
    do {
      TRY(auto const any, query.step());
      if (!any) return std::optional<model::Hunt>{};
    } while (held.contains(query.integer(0)));
    auto hunt = model::Hunt{.id = query.integer(0)};
    hunt.sources = sources_of(query.text(2));
    if (!query.is_null(1)) {
      hunt.watch = model::WatchId{query.integer(1)};
      auto values = connection.query("SELECT type, value FROM watch_values WHERE watch = ?");
      TRY(hunt.values, read_values(values.bind(*hunt.watch)));
      return std::optional{std::move(hunt)};
    }
    auto values = connection.query("SELECT type, value FROM watch_hunt_values WHERE hunt = ? AND is_said = ?");
    TRY(hunt.values, read_values(values.bind(hunt.id, 0)));
    TRY(hunt.said, read_values(values.bind(hunt.id, 1)));
    return std::optional{std::move(hunt)};
  });
}

auto SqliteWatchBook::finish_hunt(std::int64_t hunt, std::span<model::Finding const> findings, Time now)
    -> Result<std::vector<model::WatchAnswer>> {
  return database_->write([&](sqlite::Connection &connection) -> Result<std::vector<model::WatchAnswer>> {
    auto exists = connection.query("SELECT 1 FROM watch_hunts WHERE id = ?");
    TRY(auto const found, exists.bind(hunt).step());
    if (!found) return std::vector<model::WatchAnswer>{};  // its watch was removed meanwhile
    auto writer = rows::AnswerWriter{connection, now};
    TRY_VOID(writer.begin());
    TRY_VOID(answer_past(writer, findings));
    TRY_VOID(connection.run("DELETE FROM watch_hunt_values WHERE hunt = ?", hunt));
    TRY_VOID(connection.run("DELETE FROM watch_hunts WHERE id = ?", hunt));
    return std::move(writer).finish();
  });
}

}  // namespace noroshi::know
