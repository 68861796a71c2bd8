// Start-up of profiles and filters: what memory held is read back from the rows, in their order.
#include <array>
#include <string>

#include "base/text.hpp"
#include "know/observations/observations_filters.hpp"
#include "know/observations/observations_profiles.hpp"
#include "know/observations/observations_runs.hpp"
#include "know/observations/observations_schema.hpp"

namespace noroshi::know::observations {

using model::Field;

namespace {

/// Fields that History::note() looks at.
constexpr auto kReplayedFields =
    std::array{Field::protocol, Field::user_agent, Field::client_version, Field::ja3, Field::ja4, Field::hassh,
               Field::username, Field::url,        Field::sha256};

auto replay_sql(Day day, std::uint64_t from_row) -> std::string {
  auto sql = std::string{"SELECT \"time\", kind, transport, src_high, src_low, src_port, dst_port, service"};
  for (auto const field : kReplayedFields) sql += fmt::format(", \"{}\"", model::info(field).name);
  return sql + fmt::format(", src_where FROM {} WHERE rowid >= {}", table_of(day), from_row);
}

/// The row as History::note() wants it; texts are unescaped into `texts`.
auto replayed(duck::Rows const &rows, std::array<std::string, kReplayedFields.size() + 1> &texts)
    -> model::Observation {
  constexpr auto kService = std::size_t{7};
  auto seen = model::Observation{};
  seen.time = from_micros(rows.number<std::int64_t>(0));
  seen.kind = static_cast<model::Kind>(rows.number<std::uint8_t>(1));
  seen.transport = static_cast<model::Transport>(rows.number<std::uint8_t>(2));
  seen.source = {{rows.number<std::uint64_t>(3), rows.number<std::uint64_t>(4)}, rows.number<std::uint16_t>(5)};
  seen.destination.port = rows.number<std::uint16_t>(6);
  for (auto i = std::size_t{0}; i < texts.size(); ++i) {
    if (rows.is_null(kService + i)) continue;
    texts[i] = from_lossless_utf8(rows.text(kService + i));
    if (i == 0)
      seen.service = texts[i];
    else
      seen.set(kReplayedFields[i - 1], texts[i]);
  }
  return seen;
}

auto replay_profiles(Core &core, Day day, std::uint64_t from_row) -> Result<void> {
  TRY(auto rows, core.writer.query(replay_sql(day, from_row), {}, duck::Fetch::streamed));
  auto texts = std::array<std::string, kReplayedFields.size() + 1>{};
  auto &state = core.state;
  while (rows.next()) {
    auto const seen = replayed(rows, texts);
    constexpr auto kWhere = 8 + kReplayedFields.size();
    auto const where = rows.is_null(kWhere) ? std::string{} : from_lossless_utf8(rows.text(kWhere));
    state.fresh[seen.source.address].note(seen, state.next_stamp++, where);
    ++state.fresh_rows;
  }
  if (!rows.error().empty()) return duck::duck_error("reading profiles again", std::string{rows.error()}.c_str());
  return ok;
}

}  // namespace

auto replay_open_days(Core &core) -> Result<void> {
  for (auto &[day, open] : core.state.open) {
    TRY_VOID(
        insert_keys(core.writer, table_of(day), core.filter_key, [&](std::uint64_t key) { open.filter.insert(key); }));
    TRY(auto covered,
        core.writer.count(fmt::format("SELECT rows FROM profiled WHERE day = {}", day.time_since_epoch().count())));
    if (covered < open.rows) TRY_VOID(replay_profiles(core, day, covered));
  }
  return ok;
}

}  // namespace noroshi::know::observations
