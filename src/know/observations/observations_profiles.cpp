#include "know/observations/observations_profiles.hpp"

#include <algorithm>

#include "know/observations/observations_runs.hpp"

namespace noroshi::know::observations {

namespace {

auto sorted_addresses(Histories<std::string> const &histories) -> std::vector<model::IpAddress> {
  auto addresses = std::vector<model::IpAddress>{};
  addresses.reserve(histories.size());
  for (auto const &[address, history] : histories) addresses.push_back(address);
  std::ranges::sort(addresses);
  return addresses;
}

}  // namespace

auto profiles_are_due(Core const &core) -> bool {
  return core.state.fresh.size() >= core.options.fresh_sources || core.state.fresh_rows >= core.options.fresh_rows;
}

auto write_profiles(Core &core) -> Result<void> {
  // Only the holder of the apply lock changes these, so reading them needs no state lock.
  auto const &state = core.state;
  TRY(auto writer, RunWriter::open(core.writer, state.runs.back()));
  for (auto const &address : sorted_addresses(state.fresh))
    TRY_VOID(writer.add(address, state.fresh.at(address).encode()));
  TRY_VOID(writer.close());
  auto sql = std::string{"DELETE FROM profiled;"};
  for (auto const &[day, open] : state.open)
    if (open.rows != 0)
      sql += fmt::format("INSERT INTO profiled VALUES ({}, {});", day.time_since_epoch().count(), open.rows);
  return core.writer.run(sql);
}

void forget_fresh(State &state) {
  state.fresh.clear();
  state.fresh_rows = 0;
}

auto find_profile(Core &core, model::IpAddress address) -> Result<std::optional<model::Profile>> {
  auto fresh = std::optional<History<std::string>>{};
  auto runs = std::vector<std::int64_t>{};
  TRY(auto session, Session::begin(core, std::nullopt, [&](State const &state) {
        runs = state.runs;
        if (auto const found = state.fresh.find(address); found != state.fresh.end()) fresh = found->second;
      }));
  auto whole = History<std::string>{};
  auto parts = std::uint64_t{0};
  auto const where = fmt::format("src_high = {} AND src_low = {}", address.high(), address.low());
  TRY(auto rows, session->query(runs_in_order(runs, where, "run, position")));
  while (rows.next()) {
    auto const part = History<std::string>::decode(rows.text(2), parts++);
    if (!part) return fail(ErrorCode::internal, "observations: a stored profile of {} is damaged", address.to_string());
    whole.absorb(*part);
  }
  if (fresh) whole.absorb(*fresh);
  if (parts == 0 && !fresh) return std::optional<model::Profile>{};
  return std::optional{whole.to_profile(address)};
}

auto count_sources(Core &core) -> Result<std::uint64_t> {
  auto runs = std::vector<std::int64_t>{};
  auto fresh = std::vector<model::IpAddress>{};
  TRY(auto session, Session::begin(core, std::nullopt, [&](State const &state) {
        runs = state.runs;
        fresh.reserve(state.fresh.size());
        for (auto const &[address, history] : state.fresh) fresh.push_back(address);
      }));
  TRY(auto stored, session->connection().count(
                       fmt::format("SELECT count(*)::UBIGINT FROM (SELECT DISTINCT src_high, src_low FROM ({}))",
                                   runs_in_order(runs, "true", ""))));
  if (fresh.empty()) return stored;
  // Those in memory that no run has yet.
  std::ranges::sort(fresh);
  TRY(auto known,
      session->query(fmt::format("SELECT DISTINCT src_high, src_low FROM ({}) WHERE src_high BETWEEN {} AND {}",
                                 runs_in_order(runs, "true", ""), fresh.front().high(), fresh.back().high()),
                     {}, duck::Fetch::streamed));
  auto also_fresh = std::uint64_t{0};
  while (known.next())
    also_fresh += static_cast<std::uint64_t>(std::ranges::binary_search(
        fresh, model::IpAddress{known.number<std::uint64_t>(0), known.number<std::uint64_t>(1)}));
  if (!known.error().empty()) return duck::duck_error("counting sources", std::string{known.error()}.c_str());
  return stored + fresh.size() - also_fresh;
}

}  // namespace noroshi::know::observations
