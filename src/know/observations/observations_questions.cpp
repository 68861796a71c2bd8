#include "know/observations/observations_questions.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/text.hpp"
#include "know/observations/observations_days.hpp"
#include "know/observations/observations_names.hpp"
#include "know/observations/observations_schema.hpp"
#include "know/observations/observations_session.hpp"

namespace noroshi::know::observations {

using model::Field;
using model::ValueType;

namespace {

// Different secrets in one answer's time; past it the counts of rare ones are lost, not those of frequent ones.
constexpr auto kMaxCountedSecrets = std::size_t{1'000'000};
// Texts of one day that name one value: spellings of one URL.
constexpr auto kMaxSpellings = std::size_t{1'000};

auto fields_naming(ValueType type) -> std::vector<Field> {
  switch (type) {
    case ValueType::ip: return {Field::host, Field::url};
    case ValueType::domain: return {Field::host, Field::sni, Field::url};
    case ValueType::url: return {Field::url};
    case ValueType::sha256: return {Field::sha256};
    default: return {};
  }
}

/// The stored texts of `field` in `place` that name the value. Texts are kept as the visitor wrote them, so the
/// comparison is made here, in canonical form, on those that could be meant.
auto spellings(Session &session, Place const &place, Field field, model::Value const &value)
    -> Result<std::vector<std::string>> {
  auto const needle = needle_of(value);
  auto const name = model::info(field).name;
  auto sql = fmt::format("SELECT DISTINCT \"{0}\" FROM {1} WHERE \"{0}\" IS NOT NULL", name, place.from);
  auto texts = std::vector<std::string>{};
  if (!needle.empty()) {
    sql += fmt::format(
        " AND (contains(lower(\"{0}\"), ?) OR contains(\"{0}\", '%') OR contains(\"{0}\", '\\') OR "
        "strlen(\"{0}\") <> length(\"{0}\"))",
        name);
    texts.push_back(needle);
  }
  TRY(auto rows, session.query(sql, texts, duck::Fetch::streamed));
  auto found = std::vector<std::string>{};
  while (found.size() < kMaxSpellings && rows.next()) {
    auto const names = names_in(field, from_lossless_utf8(rows.text(0)));
    if (std::ranges::find(names, value) != names.end()) found.emplace_back(rows.text(0));
  }
  if (!rows.error().empty()) return duck::duck_error("looking for mentions", std::string{rows.error()}.c_str());
  return found;
}

auto mentions_in(Session &session, Place const &place, model::Value const &value, std::size_t limit,
                 SecretKeys const *keys, std::vector<model::StoredObservation> &to) -> Result<void> {
  auto where = std::string{};
  auto texts = std::vector<std::string>{};
  for (auto const field : fields_naming(value.type)) {
    TRY(auto found, spellings(session, place, field, value));
    if (found.empty()) continue;
    where += fmt::format("{}\"{}\" IN (", where.empty() ? "" : " OR ", model::info(field).name);
    for (auto i = std::size_t{0}; i < found.size(); ++i) where += i == 0 ? "?" : ", ?";
    where += ")";
    std::ranges::move(found, std::back_inserter(texts));
  }
  if (where.empty()) return ok;
  TRY(auto rows,
      session.query(fmt::format("SELECT {} FROM {} WHERE {} ORDER BY \"time\" DESC, visit, sequence LIMIT {}",
                                column_list(), place.from, where, limit),
                    texts));
  while (rows.next()) to.push_back(read_row(rows, keys));
  return ok;
}

auto ranked(std::unordered_map<std::string, std::uint64_t> counts, std::size_t limit) -> std::vector<model::TopValue> {
  auto top = std::vector<model::TopValue>{};
  for (auto &[value, count] : counts) top.push_back({value, count});
  std::ranges::sort(
      top, [](auto const &a, auto const &b) { return std::tie(b.count, a.value) < std::tie(a.count, b.value); });
  top.resize(std::min(top.size(), limit));
  return top;
}

/// Secrets are counted here: DuckDB sees them sealed only.
auto top_secrets(Core &core, Session &session, std::string const &rows_sql, std::size_t limit)
    -> Result<std::vector<model::TopValue>> {
  auto counts = std::unordered_map<std::string, std::uint64_t>{};
  TRY(auto rows, session.query(rows_sql, {}, duck::Fetch::streamed));
  while (rows.next()) {
    auto const plain = core.keys->open(day_of(from_micros(rows.number<std::int64_t>(1))), rows.text(0));
    if (!plain) continue;
    auto value = lossless_utf8(*plain);
    if (counts.size() < kMaxCountedSecrets || counts.contains(value)) ++counts[std::move(value)];
  }
  if (!rows.error().empty()) return duck::duck_error("counting secrets", std::string{rows.error()}.c_str());
  return ranked(std::move(counts), limit);
}

}  // namespace

auto find_mentions(Core &core, model::Value const &value, std::size_t limit, model::Viewer const &viewer)
    -> Result<std::vector<model::StoredObservation>> {
  limit = std::min(limit, kMaxAnswers);
  auto found = std::vector<model::StoredObservation>{};
  if (fields_naming(value.type).empty()) return found;
  TRY(auto session, Session::begin(core, name_key(core.filter_key, value)));
  auto const *const keys = viewer.may_see_secrets() ? core.keys.get() : nullptr;
  auto last_day = Day::max();
  for (auto const &place : session->places()) {
    if (found.size() >= limit && place.day < last_day) break;  // all parts of a day, then perhaps enough
    TRY_VOID(mentions_in(*session, place, value, limit, keys, found));
    last_day = place.day;
  }
  std::ranges::sort(found, std::ranges::greater{},
                    [](auto const &row) { return std::tie(row.time, row.visit, row.sequence); });
  found.resize(std::min(found.size(), limit));
  return found;
}

namespace {

/// The values of an SQL expression, with the time of receipt beside each, among the rows that a question is about;
/// empty where there is no such day.
auto valued_rows(Session &session, model::Kind kind, std::string_view value, std::string_view present, Time since)
    -> std::string {
  auto places = session.places();
  std::erase_if(places, [&](Place const &place) { return place.day < day_of(since); });
  auto const where = fmt::format("kind = {} AND received >= make_timestamp({}) AND {} IS NOT NULL",
                                 static_cast<int>(kind), since.time_since_epoch().count(), present);
  return union_of(places, fmt::format("{} AS value, received", value), where);
}

auto counted(Session &session, std::string const &rows_sql, std::size_t limit) -> Result<std::vector<model::TopValue>> {
  TRY(auto rows, session.query(fmt::format(
                     "SELECT value, count(*)::UBIGINT AS n FROM ({}) GROUP BY value ORDER BY n DESC, value LIMIT {}",
                     rows_sql, limit)));
  auto top = std::vector<model::TopValue>{};
  while (rows.next()) top.push_back({std::string{rows.text(0)}, rows.number<std::uint64_t>(1)});
  return top;
}

}  // namespace

auto top_values(Core &core, model::Kind kind, Field field, Time since, std::size_t limit, model::Viewer const &viewer)
    -> Result<std::vector<model::TopValue>> {
  limit = std::min(limit, kMaxTopValues);
  auto const &info = model::info(field);
  if (info.type != model::FieldType::text)
    return fail(ErrorCode::malformed, "'{}' is not a text: the most frequent values of text fields can be asked for",
                info.name);
  if (info.secret && !viewer.may_see_secrets())
    return fail(ErrorCode::denied, "'{}' is a secret: ask as an analyst", info.name);
  TRY(auto session, Session::begin(core));
  auto const column = fmt::format("\"{}\"", info.name);
  auto const rows_sql = valued_rows(*session, kind, column, column, since);
  if (rows_sql.empty()) return std::vector<model::TopValue>{};
  if (info.secret) return top_secrets(core, *session, rows_sql, limit);
  return counted(*session, rows_sql, limit);
}

auto top_origins(Core &core, model::Kind kind, model::Origin origin, Time since, std::size_t limit)
    -> Result<std::vector<model::TopValue>> {
  TRY(auto session, Session::begin(core));
  if (origin == model::Origin::service) {
    auto const services = valued_rows(*session, kind, "service", "service", since);
    if (services.empty()) return std::vector<model::TopValue>{};
    return counted(*session, services, std::min(limit, kMaxTopValues));
  }
  // The third part of src_where is the network's name (model::encode).
  auto const rows_sql =
      origin == model::Origin::country
          ? valued_rows(*session, kind, "src_country", "src_country", since)
          : valued_rows(*session, kind, "rtrim('AS' || src_asn || ' ' || split_part(src_where, chr(9), 3))", "src_asn",
                        since);
  if (rows_sql.empty()) return std::vector<model::TopValue>{};
  return counted(*session, rows_sql, std::min(limit, kMaxTopValues));
}

auto list_days(Core &core) -> Result<std::vector<model::DayInfo>> {
  auto days = std::map<Day, model::DayInfo>{};
  TRY(auto session, Session::begin(core, std::nullopt, [&](State const &state) {
        for (auto const &part : state.closed) {
          auto &day = days[part->day];
          day.closed = true;
          day.rows += part->rows;
          day.bytes += part->bytes;
        }
        for (auto const &[date, open] : state.open) {
          if (open.rows == 0) continue;
          days[date].closed = false;
          days[date].rows += open.rows;
        }
      }));
  TRY(auto holds, read_holds(session->connection()));
  auto list = std::vector<model::DayInfo>{};
  for (auto &[date, day] : days) {
    day.day = date;
    day.held = std::ranges::any_of(holds, [&](Hold const &hold) { return hold.keeps(date); });
    list.push_back(day);
  }
  return list;
}

}  // namespace noroshi::know::observations
