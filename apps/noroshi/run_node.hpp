// `noroshi serve`: the node with everything that runs beside it, from start to end.
#pragma once

#include <string>
#include <vector>

#include "apps/noroshi/node.hpp"
#include "base/config.hpp"

namespace noroshi::apps {

/// Runs until SIGINT or SIGTERM. `child_arguments` are the global options that the decoys child gets too.
auto run_node(DataDirectory directory, Config const &config, std::vector<std::string> child_arguments) -> Result<void>;

}  // namespace noroshi::apps
