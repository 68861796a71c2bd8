// Walking all observations a page at a time. The order is (received, visit, sequence, time): rows come into a table by
// receipt, so the pages behind a cursor are found by the blocks' smallest and largest times, without reading what was
// handed out already; and the order is the same in a table and in Parquet, so a day may be closed between two pages.
#include <algorithm>
#include <array>
#include <charconv>

#include "know/observations/observations_questions.hpp"
#include "know/observations/observations_schema.hpp"
#include "know/observations/observations_session.hpp"

namespace noroshi::know::observations {

namespace {

/// The last row of a page. Rows of imported logs may agree in the whole key: `among` of them are handed out.
struct Mark {
  std::int64_t received = 0;
  model::VisitId visit;
  std::uint32_t sequence = 0;
  std::int64_t time = 0;
  std::uint64_t among = 0;

  [[nodiscard]] auto same_place(Mark const &other) const -> bool {
    return std::tie(received, visit, sequence, time) ==
           std::tie(other.received, other.visit, other.sequence, other.time);
  }
};

auto mark_of(model::StoredObservation const &row) -> Mark {
  return {row.received.time_since_epoch().count(), row.visit, row.sequence, row.time.time_since_epoch().count(), 0};
}

auto encode(Mark const &mark) -> std::string {
  return fmt::format("{:x}-{:016x}-{:016x}-{:x}-{:x}-{:x}", static_cast<std::uint64_t>(mark.received),
                     mark.visit.high(), mark.visit.low(), mark.sequence, static_cast<std::uint64_t>(mark.time),
                     mark.among);
}

auto decode(std::string_view cursor) -> Result<Mark> {
  auto numbers = std::array<std::uint64_t, 6>{};
  auto rest = cursor;
  for (auto i = std::size_t{0}; i < numbers.size(); ++i) {
    auto const part = rest.substr(0, rest.find('-'));
    auto const [end, error] = std::from_chars(part.data(), part.data() + part.size(), numbers[i], 16);
    auto const is_last = i + 1 == numbers.size();
    if (error != std::errc{} || end != part.data() + part.size() || is_last != (part.size() == rest.size()))
      return fail(ErrorCode::malformed, "the cursor is none of ours; begin again without one");
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  }
  return Mark{static_cast<std::int64_t>(numbers[0]), model::VisitId{numbers[1], numbers[2]},
              static_cast<std::uint32_t>(numbers[3]), static_cast<std::int64_t>(numbers[4]), numbers[5]};
}

auto filter_sql(model::ObservationQuery const &query, std::vector<std::string> &texts) -> std::string {
  auto sql = std::string{"true"};
  auto const to = std::back_inserter(sql);
  auto const micros = [](Time time) { return time.time_since_epoch().count(); };
  if (query.since) fmt::format_to(to, " AND received >= make_timestamp({})", micros(*query.since));
  if (query.before) fmt::format_to(to, " AND received < make_timestamp({})", micros(*query.before));
  if (query.kind) fmt::format_to(to, " AND kind = {}", static_cast<int>(*query.kind));
  if (query.source)
    fmt::format_to(to, " AND src_high = {} AND src_low = {}", query.source->high(), query.source->low());
  if (!query.service.empty()) {
    sql += " AND service = ?";
    texts.push_back(query.service);
  }
  return sql;
}

/// From the mark on, rows of the mark's own place included.
auto from_mark_sql(Mark const &mark) -> std::string {
  return fmt::format(
      "received >= make_timestamp({0}) AND (received > make_timestamp({0}) OR visit > '{1}'::UUID OR "
      "(visit = '{1}'::UUID AND (sequence > {2} OR (sequence = {2} AND \"time\" >= make_timestamp({3})))))",
      mark.received, mark.visit.to_string(), mark.sequence, mark.time);
}

/// One day's places, a table or its Parquet files, behind the mark.
class DayWalk {
public:
  DayWalk(Session &session, std::vector<Place> places, std::string where, std::vector<std::string> texts)
      : session_(session), places_(std::move(places)), where_(std::move(where)) {
    for (auto i = std::size_t{0}; i < places_.size(); ++i) std::ranges::copy(texts, std::back_inserter(texts_));
  }

  /// Up to `wanted` rows in order. The narrow first question finds how far they reach, so that the wide second one
  /// reads few blocks.
  auto read(std::size_t wanted, SecretKeys const *keys, std::vector<model::StoredObservation> &to) -> Result<void> {
    TRY(auto reach, session_.query(fmt::format("SELECT max(received) FROM (SELECT received FROM ({}) ORDER BY received "
                                               "LIMIT {})",
                                               union_of(places_, "received", where_), wanted),
                                   texts_));
    if (!reach.next() || reach.is_null(0)) return ok;
    auto const bounded = fmt::format("{} AND received <= make_timestamp({})", where_, reach.number<std::int64_t>(0));
    TRY(auto rows, session_.query(fmt::format("SELECT {0} FROM ({1}) ORDER BY received, visit, sequence, \"time\", "
                                              "kind, extra LIMIT {2}",
                                              column_list(), union_of(places_, column_list(), bounded), wanted),
                                  texts_));
    while (rows.next()) to.push_back(read_row(rows, keys));
    return ok;
  }

private:
  Session &session_;
  std::vector<Place> places_;
  std::string where_;
  std::vector<std::string> texts_;
};

auto cut(std::vector<model::StoredObservation> rows, std::optional<Mark> const &mark, std::size_t limit)
    -> model::ObservationPage {
  auto const done = mark ? static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(mark->among, rows.size())) : 0;
  rows.erase(rows.begin(), rows.begin() + done);
  auto page = model::ObservationPage{};
  auto const more = rows.size() > limit;
  rows.resize(std::min(rows.size(), limit));
  if (more && !rows.empty()) {
    auto last = mark_of(rows.back());
    last.among = static_cast<std::uint64_t>(
        std::ranges::count_if(rows, [&](auto const &row) { return mark_of(row).same_place(last); }));
    if (mark && mark->same_place(last)) last.among += mark->among;
    page.next = encode(last);
  }
  page.observations = std::move(rows);
  return page;
}

}  // namespace

auto next_page(Core &core, model::ObservationQuery const &query, std::string_view cursor, std::size_t limit,
               model::Viewer const &viewer) -> Result<model::ObservationPage> {
  limit = std::clamp(limit, std::size_t{1}, kMaxAnswers);
  auto mark = std::optional<Mark>{};
  if (!cursor.empty()) {
    TRY(mark, decode(cursor));
    // Rows that agree in the whole key come from one batch of an imported log; a made-up number is not for us to skip.
    if (mark->among > kMaxAnswers) return fail(ErrorCode::malformed, "the cursor is none of ours");
  }
  TRY(auto session, Session::begin(core));
  auto const *const keys = viewer.may_see_secrets() ? core.keys.get() : nullptr;
  auto texts = std::vector<std::string>{};
  auto where = filter_sql(query, texts);
  if (mark) where += " AND " + from_mark_sql(*mark);
  auto days = std::map<Day, std::vector<Place>>{};
  for (auto const &place : session->places()) {
    auto const is_before =
        (query.since && place.day < day_of(*query.since)) || (mark && place.day < day_of(from_micros(mark->received)));
    if (!is_before && (!query.before || place.day <= day_of(*query.before))) days[place.day].push_back(place);
  }
  // One row more than the page holds tells whether another page follows.
  auto const wanted = limit + 1 + (mark ? mark->among : 0);
  auto rows = std::vector<model::StoredObservation>{};
  for (auto const &[day, places] : days) {
    if (rows.size() >= wanted) break;
    TRY_VOID(DayWalk(*session, places, where, texts).read(wanted - rows.size(), keys, rows));
  }
  return cut(std::move(rows), mark, limit);
}

}  // namespace noroshi::know::observations
