// The secret that makes a node's delays its own.
#pragma once

#include <string>

#include "share/lists.hpp"

namespace noroshi::share {

/// The secret in the file at `path`, made there at the first call.
auto load_list_key(std::string const &path) -> Result<ListKey>;

}  // namespace noroshi::share
