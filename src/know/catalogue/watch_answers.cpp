#include <charconv>

#include "know/catalogue/rows.hpp"
#include "know/catalogue/sqlite_watch_book.hpp"
#include "know/catalogue/watch_rows.hpp"

namespace noroshi::know {

namespace {

// Answers of others that one page looks at on its way: so that a question stays short.
constexpr auto kMaxLookedAt = std::size_t{20'000};

auto sensors_of(std::string_view text) -> std::vector<model::SensorId> {
  auto sensors = std::vector<model::SensorId>{};
  while (!text.empty()) {
    auto const part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    auto number = std::int64_t{0};
    std::from_chars(part.data(), part.data() + part.size(), number);
    sensors.push_back({number});
  }
  return sensors;
}

auto read_answer(sqlite::Query const &query) -> model::WatchAnswer {
  auto answer = model::WatchAnswer{.id = query.integer(0), .time = query.time(2)};
  auto &finding = answer.finding;
  finding.watch = {query.integer(1)};
  finding.kind = query.enumerated<model::AnswerKind>(3);
  finding.value = {query.enumerated<model::ValueType>(4), std::string{query.text(5)}};
  finding.found = {query.enumerated<model::ValueType>(6), std::string{query.text(7)}};
  finding.match = query.enumerated<model::MatchKind>(8);
  finding.first_seen = query.time(9);
  finding.last_seen = query.time(10);
  finding.count = query.unsigned_integer(11);
  finding.sensors = sensors_of(query.text(12));
  finding.source = {query.integer(13)};
  finding.report = {query.integer(14)};
  finding.role = query.enumerated<model::Role>(15);
  finding.tlp = query.enumerated<model::Tlp>(16);
  return answer;
}

constexpr auto kSelect =
    "SELECT id, watch, time, kind, type, value, found_type, found, match, first_seen, last_seen, count, sensors, "
    "source, report, role, tlp FROM watch_answers WHERE id > ? ORDER BY id";
constexpr auto kSelectOne =
    "SELECT id, watch, time, kind, type, value, found_type, found, match, first_seen, last_seen, count, sensors, "
    "source, report, role, tlp FROM watch_answers WHERE id > ? AND watch = ? ORDER BY id";

}  // namespace

auto SqliteWatchBook::answers(std::int64_t after, std::optional<model::WatchId> watch, std::size_t limit,
                              model::Viewer const &viewer) -> Result<model::AnswerPage> {
  if (!viewer.may_see_observations())
    return rows::denied(viewer, "read answers of watches", "a reader of this organisation");
  return database_->read([&](sqlite::Connection &connection) -> Result<model::AnswerPage> {
    TRY(auto const all, rows::watches(connection));
    if (watch && (!all.contains(*watch) || !may_see(viewer, all.at(*watch))))
      return fail(ErrorCode::not_found, "there is no watch {}", watch->number);
    auto page = model::AnswerPage{.answers = {}, .through = after};
    auto query = connection.query(watch ? kSelectOne : kSelect);
    query.bind(after);
    if (watch) query.bind_more(*watch);
    for (auto looked_at = std::size_t{0};; ++looked_at) {
      TRY(auto const more, query.step());
      if (!more) return page;
      if (looked_at == kMaxLookedAt || page.answers.size() == limit) {
        page.more = true;
        return page;
      }
      auto answer = read_answer(query);
      page.through = answer.id;
      auto const &of = all.at(answer.finding.watch);
      answer.owner = of.owner;
      answer.organisation = of.organisation;
      answer.watch_tlp = of.tlp;
      answer.note = of.note;
      if (may_see(viewer, answer)) page.answers.push_back(std::move(answer));
    }
  });
}

auto SqliteWatchBook::last_answer() -> Result<std::int64_t> {
  return database_->read([](sqlite::Connection &connection) -> Result<std::int64_t> {
    auto query = connection.query("SELECT seq FROM sqlite_sequence WHERE name = 'watch_answers'");
    TRY(auto const any, query.step());
    return any ? query.integer(0) : 0;
  });
}

}  // namespace noroshi::know
