// The server that costs least: what it says was made before anybody came. It shows how fast the client can be.
#pragma once

#include "bench/ssh/client.hpp"

namespace noroshi::bench {

/// Serves until `lifeline` closes. Its key, cookie and padding never change and neither do the client's, so every
/// conversation has the same bytes both ways: it counts what it hears and sends what was recorded. The client still
/// does all that it does with a real server.
void serve_replay(int port_out, int lifeline, SshVisitor const &visitor);

}  // namespace noroshi::bench
