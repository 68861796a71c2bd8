#include "net/http_listen.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file.hpp"

namespace noroshi::net {
namespace {

// Connections that wait to be accepted; the kernel caps it at net.core.somaxconn anyway.
constexpr auto kBacklog = 256;

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un local;
};

auto fill(model::Endpoint const &endpoint, SocketAddress &address) -> socklen_t {
  std::memset(&address, 0, sizeof address);
  if (endpoint.address.is_v4()) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(endpoint.port);
    address.v4.sin_addr.s_addr = htonl(static_cast<std::uint32_t>(endpoint.address.low()));
    return sizeof address.v4;
  }
  address.v6.sin6_family = AF_INET6;
  address.v6.sin6_port = htons(endpoint.port);
  auto const bytes = endpoint.address.bytes();
  std::memcpy(&address.v6.sin6_addr, bytes.data(), bytes.size());
  return sizeof address.v6;
}

auto answers(SocketAddress const &address) -> bool {
  auto const probe = FileDescriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  return ::connect(probe.get(), &address.any, sizeof address.local) == 0;
}

/// Makes room for a socket file at `path`.
auto clear_stale(std::string const &path, SocketAddress const &address) -> Result<void> {
  struct stat there{};
  if (::lstat(path.c_str(), &there) != 0) return ok;
  if (!S_ISSOCK(there.st_mode))
    return fail(ErrorCode::conflict, "{} exists and is not a socket; move it away or choose another data directory",
                path);
  if (answers(address))
    return fail(ErrorCode::conflict, "{} is in use: another node runs on this data directory; stop it first", path);
  if (::unlink(path.c_str()) != 0) return system_error(errno, "removing the stale socket " + path);
  return ok;
}

}  // namespace

auto listen_tcp(model::Endpoint const &endpoint) -> Result<int> {
  auto const where = endpoint.to_string();
  auto address = SocketAddress{};
  auto const length = fill(endpoint, address);
  auto socket = FileDescriptor{::socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (socket.get() < 0) return system_error(errno, "opening a socket for " + where);
  auto const on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.any.sa_family == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(socket.get(), &address.any, length) != 0 || ::listen(socket.get(), kBacklog) != 0) {
    if (errno == EADDRINUSE)
      return fail(ErrorCode::conflict,
                  "{} is in use by another program; stop it, or choose another port (0: any free one)", where);
    return system_error(errno, "listening on " + where);
  }
  return socket.release();
}

auto listen_unix(std::string const &path) -> Result<int> {
  auto address = SocketAddress{};
  std::memset(&address, 0, sizeof address);
  address.local.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.local.sun_path)
    return fail(ErrorCode::too_large,
                "the socket path {} has {} bytes, the system allows {}; use a shorter data directory", path,
                path.size(), sizeof address.local.sun_path - 1);
  std::memcpy(address.local.sun_path, path.data(), path.size());
  TRY_VOID(clear_stale(path, address));
  auto socket = FileDescriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (socket.get() < 0) return system_error(errno, "opening a socket for " + path);
  // On Linux bind() gives the file the mode of the socket itself: no moment in which others could connect.
  ::fchmod(socket.get(), 0600);
  if (::bind(socket.get(), &address.any, sizeof address.local) != 0 || ::chmod(path.c_str(), 0600) != 0 ||
      ::listen(socket.get(), kBacklog) != 0)
    return system_error(errno, "listening on " + path);
  return socket.release();
}

auto bound_endpoint(int socket) -> model::Endpoint {
  auto address = SocketAddress{};
  auto length = static_cast<socklen_t>(sizeof address);
  if (::getsockname(socket, &address.any, &length) != 0) return {};
  if (address.any.sa_family == AF_INET)
    return {model::IpAddress::v4(ntohl(address.v4.sin_addr.s_addr)), ntohs(address.v4.sin_port)};
  auto bytes = std::array<std::uint8_t, 16>{};
  std::memcpy(bytes.data(), &address.v6.sin6_addr, bytes.size());
  return {model::IpAddress::from_bytes(bytes), ntohs(address.v6.sin6_port)};
}

}  // namespace noroshi::net
