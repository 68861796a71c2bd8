#include <algorithm>

#include "know/catalogue/sqlite_watch_book.hpp"
#include "know/catalogue/watch_rows.hpp"

namespace noroshi::know {

namespace {

// A value is answered, then only counted until its window ends: a flood is two answers in ten minutes.
constexpr auto kSeenWindow = std::chrono::minutes{10};
// A feed says the same every day: it is told again only where a source was silent for so long.
constexpr auto kKnownWindow = std::chrono::days{30};
// Windows that one sweep ends, so that it stays short; the next one goes on.
constexpr auto kMaxEnded = 5'000;

auto has_window(model::AnswerKind kind) -> bool {
  return kind == model::AnswerKind::seen || kind == model::AnswerKind::known;
}

auto window_of(model::AnswerKind kind) -> Duration {
  return kind == model::AnswerKind::known ? Duration{kKnownWindow} : Duration{kSeenWindow};
}

auto joined(std::vector<model::SensorId> const &sensors) -> std::string {
  auto text = std::string{};
  for (auto const sensor : sensors) text += fmt::format("{}{}", text.empty() ? "" : ",", sensor.number);
  return text;
}

/// Without a value: what has no window of its own.
auto unnamed(model::Finding finding) -> model::Finding {
  finding.kind = model::AnswerKind::seen;
  finding.value = finding.found = model::Value{};
  finding.source = {};
  return finding;
}

auto ended_windows(sqlite::Connection &connection, Time now) -> Result<std::vector<model::Finding>> {
  auto query = connection.query(
      "SELECT watch, kind, type, value, source, first_seen, last_seen, count, tlp FROM watch_windows WHERE ends <= ? "
      "ORDER BY ends LIMIT ?");
  query.bind(now, kMaxEnded);
  auto all = std::vector<model::Finding>{};
  for (;;) {
    TRY(auto const more, query.step());
    if (!more) return all;
    auto finding = model::Finding{.watch = {query.integer(0)}, .kind = query.enumerated<model::AnswerKind>(1)};
    finding.value = {query.enumerated<model::ValueType>(2), std::string{query.text(3)}};
    finding.found = finding.value;
    finding.source = {query.integer(4)};
    finding.first_seen = query.time(5);
    finding.last_seen = query.time(6);
    finding.count = query.unsigned_integer(7);
    finding.tlp = query.enumerated<model::Tlp>(8);
    all.push_back(std::move(finding));
  }
}

/// Ended windows of observations become counts; those of what was said go in silence.
auto end_windows(sqlite::Connection &connection, Time now, rows::AnswerWriter &writer) -> Result<void> {
  TRY(auto const ended, ended_windows(connection, now));
  for (auto const &window : ended) {
    TRY_VOID(connection.run(
        "DELETE FROM watch_windows WHERE watch = ? AND kind = ? AND type = ? AND value = ? AND source = ?",
        window.watch, window.kind, window.value.type, window.value.text, window.source));
    if (window.kind != model::AnswerKind::seen || window.count == 0) continue;
    auto more = window;
    more.kind = model::AnswerKind::more;
    TRY_VOID(writer.answer(more));
  }
  return ok;
}

auto forget(sqlite::Connection &connection, Time before) -> Result<void> {
  TRY_VOID(connection.run(
      "UPDATE watches SET left_out = left_out + (SELECT count(*) FROM watch_answers a WHERE a.watch = watches.id AND "
      "a.time < ?1) WHERE id IN (SELECT DISTINCT watch FROM watch_answers WHERE time < ?1)",
      before));
  return connection.run("DELETE FROM watch_answers WHERE time < ?", before);
}

/// The oldest answers of watches that have too many.
auto cut(sqlite::Connection &connection, model::WatchId watch) -> Result<void> {
  TRY_VOID(connection.run(
      "DELETE FROM watch_answers WHERE watch = ?1 AND id <= (SELECT id FROM watch_answers WHERE watch = ?1 ORDER BY id "
      "DESC LIMIT 1 OFFSET ?2)",
      watch, model::kMaxAnswersOfWatch));
  return connection.run("UPDATE watches SET left_out = left_out + ? WHERE id = ?", connection.changes(), watch);
}

}  // namespace

namespace rows {

auto AnswerWriter::begin() -> Result<void> {
  TRY(watches_, watches(connection_));
  std::erase_if(watches_, [this](auto const &each) { return each.second.until && *each.second.until <= now_; });
  auto query = connection_.query("SELECT watch, count(*) FROM watch_windows GROUP BY watch");
  for (;;) {
    TRY(auto const more, query.step());
    if (!more) return ok;
    windows_[{query.integer(0)}] = query.unsigned_integer(1);
  }
}

auto AnswerWriter::take(model::Finding const &finding) -> Result<void> {
  if (!watches_.contains(finding.watch)) return ok;
  if (!has_window(finding.kind)) return answer(finding);
  TRY(auto const counted, count_in_window(finding));
  if (counted) return ok;
  if (finding.value.text.empty() || windows_[finding.watch] < model::kMaxWindowsOfWatch) {
    TRY_VOID(open_window(finding));
    return answer(finding);
  }
  // Too many values at once: those without a place are counted together.
  auto const other = unnamed(finding);
  TRY(auto const counted_there, count_in_window(other));
  if (counted_there) return ok;
  TRY_VOID(open_window(other));
  return answer(other);
}

auto AnswerWriter::count_in_window(model::Finding const &finding) -> Result<bool> {
  // What was said is told again once its source was silent for a while: each time moves the end.
  auto const moves = finding.kind == model::AnswerKind::known;
  TRY_VOID(connection_.run(
      "UPDATE watch_windows SET first_seen = CASE WHEN count = 0 THEN ?1 ELSE min(first_seen, ?1) END, last_seen = "
      "max(last_seen, ?2), count = count + ?3, tlp = max(tlp, ?4), ends = max(ends, ?5) WHERE watch = ?6 AND kind = ?7 "
      "AND type = ?8 AND value = ?9 AND source = ?10",
      finding.first_seen, finding.last_seen, finding.count, finding.tlp,
      moves ? now_ + window_of(finding.kind) : Time{}, finding.watch, finding.kind, finding.value.type,
      finding.value.text, finding.source));
  return connection_.changes() > 0;
}

auto AnswerWriter::open_window(model::Finding const &finding) -> Result<void> {
  ++windows_[finding.watch];
  return connection_.run(
      "INSERT INTO watch_windows(watch, kind, type, value, source, ends, first_seen, last_seen, count, tlp) VALUES(?, "
      "?, "
      "?, ?, ?, ?, ?, ?, 0, ?)",
      finding.watch, finding.kind, finding.value.type, finding.value.text, finding.source,
      now_ + window_of(finding.kind), finding.first_seen, finding.last_seen, finding.tlp);
}

auto AnswerWriter::answer(model::Finding const &finding) -> Result<void> {
  auto const found = watches_.find(finding.watch);
  if (found == watches_.end()) return ok;
  auto const &watch = found->second;
  TRY_VOID(connection_.run(
      "INSERT INTO watch_answers(watch, time, kind, type, value, found_type, found, match, first_seen, last_seen, "
      "count, sensors, source, report, role, tlp) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      finding.watch, now_, finding.kind, finding.value.type, finding.value.text, finding.found.type, finding.found.text,
      finding.match, finding.first_seen, finding.last_seen, finding.count, joined(finding.sensors), finding.source,
      finding.report, finding.role, finding.tlp));
  ++made_[finding.watch];
  auto answer = model::WatchAnswer{.id = connection_.last_row_id(), .time = now_, .finding = finding};
  answer.owner = watch.owner;
  answer.organisation = watch.organisation;
  answer.watch_tlp = watch.tlp;
  answer.note = watch.note;
  answers_.push_back(std::move(answer));
  return ok;
}

auto AnswerWriter::finish() && -> Result<std::vector<model::WatchAnswer>> {
  for (auto const &[watch, made] : made_) {
    TRY_VOID(connection_.run("UPDATE watches SET answered = answered + ? WHERE id = ?", made, watch));
    TRY_VOID(cut(connection_, watch));
  }
  return std::move(answers_);
}

}  // namespace rows

auto SqliteWatchBook::record(std::string_view stream, std::uint64_t position, std::span<model::Finding const> findings,
                             Time now) -> Result<std::vector<model::WatchAnswer>> {
  return database_->write([&](sqlite::Connection &connection) -> Result<std::vector<model::WatchAnswer>> {
    if (!stream.empty()) {
      TRY_VOID(connection.run(
          "INSERT INTO cursors(stream, position) VALUES(?, ?) ON CONFLICT(stream) DO UPDATE SET position = "
          "excluded.position WHERE position < excluded.position",
          stream, position));
      if (connection.changes() == 0) return std::vector<model::WatchAnswer>{};
    }
    if (findings.empty()) return std::vector<model::WatchAnswer>{};
    auto writer = rows::AnswerWriter{connection, now};
    TRY_VOID(writer.begin());
    for (auto const &finding : findings) TRY_VOID(writer.take(finding));
    return std::move(writer).finish();
  });
}

auto SqliteWatchBook::cursor(std::string_view stream) -> Result<std::uint64_t> {
  return database_->read([&](sqlite::Connection &connection) -> Result<std::uint64_t> {
    auto query = connection.query("SELECT position FROM cursors WHERE stream = ?");
    TRY(auto const any, query.bind(stream).step());
    return any ? query.unsigned_integer(0) : 0;
  });
}

auto SqliteWatchBook::sweep(Time now, Duration keep) -> Result<std::vector<model::WatchAnswer>> {
  // Asked every second, and most often there is nothing: that takes no transaction that writes.
  TRY(auto const due, database_->read([&](sqlite::Connection &connection) -> Result<bool> {
    auto query = connection.query(
        "SELECT EXISTS(SELECT 1 FROM watch_windows WHERE ends <= ?1) OR EXISTS(SELECT 1 FROM watches WHERE until <= "
        "?2) "
        "OR coalesce((SELECT time < ?2 FROM watch_answers ORDER BY id LIMIT 1), 0)");
    TRY([[maybe_unused]] auto const row, query.bind(now, now - keep).step());
    return query.integer(0) != 0;
  }));
  if (!due) return std::vector<model::WatchAnswer>{};
  auto gone = false;
  auto answers = database_->write([&](sqlite::Connection &connection) -> Result<std::vector<model::WatchAnswer>> {
    auto writer = rows::AnswerWriter{connection, now};
    TRY_VOID(writer.begin());
    TRY_VOID(end_windows(connection, now, writer));
    TRY(auto made, std::move(writer).finish());
    TRY_VOID(forget(connection, now - keep));
    TRY(auto const all, rows::watches(connection));
    for (auto const &[id, watch] : all) {
      if (!watch.until || *watch.until > now - keep) continue;
      TRY_VOID(rows::remove_watch(connection, id));
      gone = true;
    }
    return made;
  });
  if (gone) ++version_;
  return answers;
}

}  // namespace noroshi::know
