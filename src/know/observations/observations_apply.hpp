// Applying a group: rows, cursor and due profiles in one transaction, then the state in memory.
#pragma once

#include <cstdint>
#include <span>

#include "know/observations/observations_core.hpp"
#include "know/observations/observations_writer.hpp"
#include "model/ports/observation_store.hpp"

namespace noroshi::know::observations {

/// As the port's apply(). `chunk` is used under the apply lock only.
auto apply_group(Core &core, ChunkWriter &chunk, std::span<model::ReceivedBatch const> batches, std::uint64_t position)
    -> Result<std::uint64_t>;

}  // namespace noroshi::know::observations
