// Profiles: what is known of each source, kept without reading on the way in.
//
// Fresh histories stay in memory. Now and then they are appended, sorted by address, to the newest run table, in the
// transaction of a group; the table `profiled` then says how many rows of each open day the runs cover. After a restart
// the rows past that are read again, so nothing is lost and a busy source costs no write a group. A profile is the
// merge of its parts in all runs and in memory. compact_profiles() merges runs into one.
#pragma once

#include <cstdint>
#include <optional>

#include "know/observations/observations_core.hpp"
#include "know/observations/observations_session.hpp"
#include "model/viewer.hpp"

namespace noroshi::know::observations {

/// True where the fresh histories should be written with the next group. For the holder of the apply lock.
auto profiles_are_due(Core const &core) -> bool;

/// Appends the fresh histories, in the writer's transaction. Once it is committed, forget_fresh() empties the memory,
/// in the same hold of the state lock.
auto write_profiles(Core &core) -> Result<void>;
void forget_fresh(State &state);

/// Rebuilds the fresh histories and the filters of the open days from their rows. At start-up.
auto replay_open_days(Core &core) -> Result<void>;

/// Everything known of one source.
auto find_profile(Core &core, model::IpAddress address) -> Result<std::optional<model::Profile>>;

/// How many sources have a profile.
auto count_sources(Core &core) -> Result<std::uint64_t>;

/// Merges the run tables into one where they have grown past half of it. Runs beside reads and writes; under the
/// maintenance lock.
auto compact_profiles(Core &core) -> Result<void>;

/// Makes the first run table where there is none, and fills State::runs. At start-up.
auto open_runs(Core &core) -> Result<void>;

}  // namespace noroshi::know::observations
