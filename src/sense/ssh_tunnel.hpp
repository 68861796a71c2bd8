// A way into the network that leads nowhere (direct-tcpip): nothing is connected. What the client says is recorded, and
// where we know the protocol, a server of our own answers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/registry.hpp"
#include "sense/ssh_program.hpp"

namespace noroshi::sense {

/// Where the client wanted to go.
struct TunnelTarget {
  std::string host;
  std::uint32_t port = 0;
};

/// One protocol's server in tunnels. A new one is a new file that registers itself on its last line.
class TunnelProtocol {
public:
  enum class Fits : std::uint8_t { no, maybe, yes };

  virtual ~TunnelProtocol() = default;
  /// Whether the client's first bytes are of it; maybe: more are needed.
  [[nodiscard]] virtual auto fits(std::string_view first) const -> Fits = 0;
  /// Whether its server speaks first at that port.
  [[nodiscard]] virtual auto greets_at(std::uint32_t /*port*/) const -> bool { return false; }
  /// What it says first, where it does.
  virtual void greet(TunnelTarget const & /*target*/, SshReply & /*reply*/, Visit & /*visit*/) {}
  /// As SshProgram::take().
  virtual auto take(std::string_view bytes, TunnelTarget const &target, SshReply &reply, Visit &visit)
      -> std::size_t = 0;
  /// The channel ends. True where it has recorded what came.
  virtual auto finish(TunnelTarget const & /*target*/, Visit & /*visit*/) -> bool { return true; }
};

/// "direct-tcpip HOST:PORT", valid UTF-8: what observations made inside say of where that was.
auto through(TunnelTarget const &target) -> std::string;

/// What a server would say that cannot connect there: a name that nobody can have, or a port of its own machine at
/// which nothing answers. Empty: it could. `names_unresolved` as in ChannelHabits.
auto tunnel_failure(TunnelTarget const &target, bool names_unresolved) -> std::string;

auto make_tunnel(TunnelTarget target) -> std::unique_ptr<SshProgram>;

}  // namespace noroshi::sense
