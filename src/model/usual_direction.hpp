// Who calls whom, where a source gives a role only.
#pragma once

#include "model/context.hpp"

namespace noroshi::model {

/// Servers are called by their victims, scanners come by themselves.
inline auto usual_direction(Role role) -> Direction {
  switch (role) {
    case Role::scanner: return Direction::inbound;
    case Role::c2:
    case Role::download:
    case Role::phishing: return Direction::outbound;
    default: return Direction::unknown;
  }
}

}  // namespace noroshi::model
