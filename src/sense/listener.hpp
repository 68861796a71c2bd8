// Where decoys listen: the words of `sense.listen`, and the sockets made of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "model/ip.hpp"
#include "model/observation.hpp"

namespace noroshi::sense {

/// "telnet@router:127.0.0.1:2323", "http:[::1]:8081", "any:0.0.0.0:9999", "udp:0.0.0.0:5060",
/// "http@nginx+nas+camera:192.0.2.0/24+198.51.100.0/25:80".
struct ListenerSpec {
  std::string decoy;
  std::string persona;       // as written, "nginx+nas"; empty: the decoy's usual one
  model::Endpoint endpoint;  // for prefixes the unspecified address of their family
  model::Transport transport = model::Transport::tcp;
  std::vector<model::IpPrefix> prefixes = {};  // only these destinations are answered; none: all that reach the socket
  static auto parse(std::string_view text) -> Result<ListenerSpec>;

  /// At least one; "" is the usual one.
  [[nodiscard]] auto personas() const -> std::vector<std::string>;
  /// Where it listens, for people: "192.0.2.1:80", "192.0.2.0/24:80".
  [[nodiscard]] auto where() const -> std::string;
  /// The same without the port.
  [[nodiscard]] auto address() const -> std::string;
};

/// One bound listener with a socket for each event loop (SO_REUSEPORT), or one for all that systemd handed over.
struct Listener {
  ListenerSpec spec;  // with the port that it really has
  std::vector<FileDescriptor> sockets;
};

enum class PortTaken : std::uint8_t { fails, moves };

/// Binds and listens, non-blocking, one socket a loop. Of prefixes the kernel passes on what is sent to them and drops
/// the rest unanswered; that they are routed to this machine is the operator's work. A port that is still taken at
/// `until` fails with a conflict that names it, or moves to a free one.
auto bind_listener(ListenerSpec spec, unsigned loops, PortTaken if_taken,
                   std::chrono::steady_clock::time_point until = {}) -> Result<Listener>;

/// How many listening sockets systemd handed to this process (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS). They are the
/// descriptors from kFirstActivated on.
auto activated_sockets() -> int;
inline constexpr auto kFirstActivated = 3;

/// The first `count` of them, each matched with the spec of its address, port and transport. Takes the matched specs
/// out of `specs`; a socket that no spec names is an error.
auto take_activated(std::vector<ListenerSpec> &specs, int count) -> Result<std::vector<Listener>>;

/// What the visitor connected to: where a redirect (nftables) took the connection from, else the socket's own address,
/// which is the listener's unless that one stands for all addresses.
auto original_destination(int socket, bool is_v4, model::Endpoint const &listener) -> model::Endpoint;

/// Makes a bound socket deaf to what is not sent to one of the prefixes (SO_ATTACH_FILTER, socket(7)). False: errno.
auto hear_only(int socket, std::vector<model::IpPrefix> const &prefixes) -> bool;

}  // namespace noroshi::sense
