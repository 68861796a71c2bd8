// Which protocol a visitor speaks, told from the first bytes it sent.
#pragma once

#include <cstdint>
#include <string_view>

namespace noroshi::codec {

/// What the first bytes say.
struct Recognised {
  std::string_view protocol;     // "tls", "http", "ssh"…; empty: none that we know
  bool more_could_tell = false;  // true: nothing yet, but further bytes may complete a known beginning
};

/// Telnet, TLS, HTTP (1.x and the 2 preface), SSH, RDP, SMB 1 and 2, ADB, Redis, SOCKS 4 and 5, MongoDB, MySQL, SIP,
/// MQTT, RTSP, Java RMI, memcached, PostgreSQL, AMQP, VNC, X11, DNS over TCP, LDAP, TPKT. Reads at most 64 bytes or so.
auto recognise(std::string_view first) -> Recognised;

/// Enough for every rule above; asking for more only waits.
inline constexpr auto kRecogniseBytes = std::size_t{64};

}  // namespace noroshi::codec
