// Many conversations at once from one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/ssh/client.hpp"

namespace noroshi::bench {

/// As many as reach their goal one after the other, kInFlight at a time, each reset then. How many that were a second.
auto visits_a_second(std::uint16_t port, SshVisitor const &visitor, SshGoal goal, int count) -> double;

/// So many conversations that reached a shell; the sockets, which stay open.
auto hold_shells(std::uint16_t port, SshVisitor const &visitor, int count) -> std::vector<int>;

}  // namespace noroshi::bench
