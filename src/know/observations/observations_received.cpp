#include "know/observations/observations_received.hpp"

#include "base/text.hpp"
#include "know/observations/observations_schema.hpp"
#include "know/observations/observations_session.hpp"

namespace noroshi::know::observations {

namespace {

/// A stored row as it was taken in: texts unescaped, owned by `row`.
auto as_taken_in(model::StoredObservation &row) -> model::Observation {
  auto seen = model::Observation{};
  seen.time = row.time;
  seen.visit = row.visit;
  seen.sequence = row.sequence;
  seen.kind = row.kind;
  seen.transport = row.transport;
  seen.source = row.source;
  seen.destination = row.destination;
  row.service = from_lossless_utf8(row.service);
  seen.service = row.service;
  seen.extra = row.extra;
  for (auto &value : row.fields) {
    auto const type = model::info(value.field).type;
    if (type == model::FieldType::number || type == model::FieldType::flag) {
      seen.set(value.field, value.number);
      continue;
    }
    if (type == model::FieldType::text && !model::info(value.field).secret) value.text = from_lossless_utf8(value.text);
    seen.set(value.field, std::string_view{value.text});
  }
  return seen;
}

}  // namespace

auto read_received(Core &core, model::SensorId sensor, Time from, Time to,
                   std::function<void(model::Observation const &, Time)> const &take) -> Result<void> {
  TRY(auto session, Session::begin(core));
  core.watchdog.release(session->connection().get());  // no question of a user's: a large day takes its time
  auto places = session->places();
  std::erase_if(places, [&](Place const &place) { return place.day < day_of(from) || place.day > day_of(to); });
  if (places.empty()) return ok;
  auto const where = fmt::format("sensor = {} AND received >= make_timestamp({}) AND received < make_timestamp({})",
                                 sensor.number, from.time_since_epoch().count(), to.time_since_epoch().count());
  TRY(auto rows, session->connection().query(fmt::format("SELECT * FROM ({}) ORDER BY received, visit, sequence",
                                                         union_of(places, column_list(), where)),
                                             {}, duck::Fetch::streamed));
  while (rows.next()) {
    auto row = read_row(rows, core.keys.get());
    take(as_taken_in(row), row.received);
  }
  if (!rows.error().empty()) return duck::duck_error("reading a sensor's day", std::string{rows.error()}.c_str());
  return ok;
}

}  // namespace noroshi::know::observations
