// Visits: of one source, and one visit's observations.
#include <algorithm>
#include <map>

#include "know/observations/observations_names.hpp"
#include "know/observations/observations_questions.hpp"
#include "know/observations/observations_schema.hpp"
#include "know/observations/observations_session.hpp"

namespace noroshi::know::observations {

namespace {

// A visit's id holds the sensor's clock at its start; the node's own may be behind by less than a day.
constexpr auto kClockSlack = std::chrono::days{1};

/// Milliseconds since 1970 in the upper 48 bits (RFC 9562, section 5.7).
auto start_of(model::VisitId const &visit) -> Time {
  return Time{std::chrono::milliseconds{static_cast<std::int64_t>(visit.high() >> 16)}};
}

auto summary_of(duck::Rows const &rows) -> model::VisitSummary {
  auto visit = model::VisitSummary{};
  visit.visit = from_duck(rows.number<duckdb_hugeint>(0));
  visit.sensor = {rows.number<std::int64_t>(1)};
  visit.first_seen = from_micros(rows.number<std::int64_t>(2));
  visit.last_seen = from_micros(rows.number<std::int64_t>(3));
  visit.source.port = rows.number<std::uint16_t>(4);
  visit.destination = {{rows.number<std::uint64_t>(5), rows.number<std::uint64_t>(6)}, rows.number<std::uint16_t>(7)};
  if (!rows.is_null(8)) visit.service = rows.text(8);
  visit.observations = rows.number<std::uint64_t>(9);
  return visit;
}

/// A visit over midnight has a part in two days.
void merge(model::VisitSummary &into, model::VisitSummary const &from) {
  into.first_seen = std::min(into.first_seen, from.first_seen);
  into.last_seen = std::max(into.last_seen, from.last_seen);
  into.observations += from.observations;
}

auto visits_sql(Place const &place, model::IpAddress address, std::size_t limit) -> std::string {
  return fmt::format(
      // Not every line of an imported log tells the ports and the destination: those that do win.
      "SELECT visit, any_value(sensor), min(\"time\"), max(\"time\") AS latest, max(src_port), "
      "arg_max(dst_high, dst_port), "
      "arg_max(dst_low, dst_port), max(dst_port), any_value(service), count(*)::UBIGINT FROM {} WHERE src_high = {} "
      "AND "
      "src_low = {} GROUP BY visit ORDER BY latest DESC, visit LIMIT {}",
      place.from, address.high(), address.low(), limit);
}

}  // namespace

auto visits_of(Core &core, model::IpAddress address, std::size_t limit) -> Result<std::vector<model::VisitSummary>> {
  limit = std::min(limit, kMaxAnswers);
  TRY(auto session, Session::begin(core, source_key(core.filter_key, address)));
  auto visits = std::map<model::VisitId, model::VisitSummary>{};
  auto enough_at = std::optional<Day>{};
  for (auto const &place : session->places()) {
    // One day more than needed: a visit may have begun the day before.
    if (enough_at && place.day < *enough_at - std::chrono::days{1}) break;
    TRY(auto rows, session->query(visits_sql(place, address, limit)));
    while (rows.next()) {
      auto visit = summary_of(rows);
      visit.source.address = address;
      if (auto const [found, fresh] = visits.emplace(visit.visit, visit); !fresh) merge(found->second, visit);
    }
    if (!enough_at && visits.size() >= limit) enough_at = place.day;
  }
  auto newest = std::vector<model::VisitSummary>{};
  for (auto &[id, visit] : visits) newest.push_back(std::move(visit));
  std::ranges::sort(newest, std::ranges::greater{},
                    [](auto const &visit) { return std::tie(visit.last_seen, visit.visit); });
  newest.resize(std::min(newest.size(), limit));
  return newest;
}

auto find_visit(Core &core, model::VisitId visit, model::Viewer const &viewer)
    -> Result<std::vector<model::StoredObservation>> {
  TRY(auto session, Session::begin(core, visit_key(core.filter_key, visit)));
  auto const *const keys = viewer.may_see_secrets() ? core.keys.get() : nullptr;
  auto places = session->places();
  std::erase_if(places, [&](Place const &place) { return place.day < day_of(start_of(visit)) - kClockSlack; });
  auto found = std::vector<model::StoredObservation>{};
  if (places.empty()) return found;
  auto const where = fmt::format("visit = '{}'::UUID", visit.to_string());
  TRY(auto rows, session->query(fmt::format("SELECT {0} FROM ({1}) ORDER BY sequence, \"time\" LIMIT {2}",
                                            column_list(), union_of(places, column_list(), where), kMaxAnswers)));
  while (rows.next()) found.push_back(read_row(rows, keys));
  return found;
}

}  // namespace noroshi::know::observations
