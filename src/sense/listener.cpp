#include "sense/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "base/registry.hpp"
#include "sense/decoy.hpp"
#include "sense/socket_address.hpp"

namespace noroshi::sense {
namespace {

/// Connections that wait to be accepted: half a second of the fastest arrival measured.
constexpr auto kBacklog = 4096;
constexpr auto kMaxActivated = 1024;

auto parse_port(std::string_view text) -> Result<std::uint16_t> {
  auto port = std::uint16_t{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size())
    return fail(ErrorCode::malformed, "\"{}\" is not a port (0 to 65535)", text);
  return port;
}

auto local_endpoint(int socket) -> model::Endpoint {
  auto address = SocketAddress{};
  if (::getsockname(socket, address.get(), address.room()) != 0) return {};
  return address.endpoint();
}

auto set_flag(int socket, int level, int option) -> bool {
  auto const on = 1;
  return ::setsockopt(socket, level, option, &on, sizeof on) == 0;
}

/// The socket, or errno.
auto bind_one(model::Endpoint const &endpoint) -> std::expected<FileDescriptor, int> {
  auto const is_v4 = endpoint.address.is_v4();
  auto socket = FileDescriptor{::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket.valid()) return std::unexpected{errno};
  // SO_REUSEADDR would let a restart bind at once; SO_REUSEPORT shares the port between our loops.
  if (!set_flag(socket.get(), SOL_SOCKET, SO_REUSEADDR) || !set_flag(socket.get(), SOL_SOCKET, SO_REUSEPORT) ||
      (!is_v4 && !set_flag(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY)))
    return std::unexpected{errno};
  auto const address = SocketAddress::of(endpoint);
  if (::bind(socket.get(), address.get(), address.size()) != 0 || ::listen(socket.get(), kBacklog) != 0)
    return std::unexpected{errno};
  return socket;
}

/// SO_REUSEPORT lets a second program of the same user share our port unnoticed; so a first bind goes without it.
auto port_is_free(model::Endpoint const &endpoint) -> bool {
  if (endpoint.port == 0) return true;
  auto const is_v4 = endpoint.address.is_v4();
  auto const probe = FileDescriptor{::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  auto const address = SocketAddress::of(endpoint);
  if (!probe.valid() || !set_flag(probe.get(), SOL_SOCKET, SO_REUSEADDR)) return true;  // bind_one() tells why
  if (!is_v4 && !set_flag(probe.get(), IPPROTO_IPV6, IPV6_V6ONLY)) return true;
  return ::bind(probe.get(), address.get(), address.size()) == 0 || errno != EADDRINUSE;
}

auto bind_error(ListenerSpec const &spec, int number) -> Error {
  auto const where = fmt::format("binding {} for the decoy {}", spec.endpoint.to_string(), spec.decoy);
  if (number == EADDRINUSE)
    return fail(ErrorCode::conflict,
                "{}: the port is in use; stop the program that holds it, name another port in sense.listen, or set "
                "sense.port_fallback=true",
                where);
  if (number == EACCES)
    return fail(ErrorCode::denied,
                "{}: ports below 1024 need CAP_NET_BIND_SERVICE or systemd socket activation; name a higher port",
                where);
  return system_error(number, where);
}

}  // namespace

auto ListenerSpec::parse(std::string_view text) -> Result<ListenerSpec> {
  auto const malformed = [text](std::string_view why) {
    return fail(ErrorCode::malformed, "sense.listen \"{}\": {}; write decoy[@persona]:address:port", text, why);
  };
  auto const colon = text.find(':');
  auto const last = text.rfind(':');
  if (colon == std::string_view::npos || last == colon) return malformed("address or port is missing");
  auto spec = ListenerSpec{};
  auto const name = text.substr(0, colon);
  auto const at_sign = std::min(name.find('@'), name.size());
  spec.decoy = name.substr(0, at_sign);
  spec.persona = name.substr(std::min(at_sign + 1, name.size()));
  if (!Registry<Decoy>::instance().contains(spec.decoy))
    return malformed(fmt::format("there is no decoy \"{}\"; there are {}", spec.decoy,
                                 fmt::join(Registry<Decoy>::instance().names(), ", ")));
  auto address = text.substr(colon + 1, last - colon - 1);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  auto const parsed = model::IpAddress::parse(address);
  if (!parsed) return malformed(parsed.error().sentence);
  auto const port = parse_port(text.substr(last + 1));
  if (!port) return malformed(port.error().sentence);
  spec.endpoint = {*parsed, *port};
  return spec;
}

auto bind_listener(ListenerSpec spec, unsigned loops, PortTaken if_taken) -> Result<Listener> {
  auto listener = Listener{std::move(spec), {}};
  auto &endpoint = listener.spec.endpoint;
  if (!port_is_free(endpoint)) {
    if (if_taken == PortTaken::fails) return bind_error(listener.spec, EADDRINUSE);
    endpoint.port = 0;
  }
  for (auto i = 0U; i < loops; ++i) {
    auto socket = bind_one(endpoint);
    if (!socket) return bind_error(listener.spec, socket.error());
    endpoint.port = local_endpoint(socket->get()).port;  // 0 became a real one, which the other loops share
    listener.sockets.push_back(std::move(*socket));
  }
  return listener;
}

auto activated_sockets() -> int {
  auto const *const pid = std::getenv("LISTEN_PID");
  auto const *const count = std::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || std::atoi(pid) != ::getpid()) return 0;
  return std::clamp(std::atoi(count), 0, kMaxActivated);
}

auto take_activated(std::vector<ListenerSpec> &specs, int count) -> Result<std::vector<Listener>> {
  auto listeners = std::vector<Listener>{};
  for (auto descriptor = kFirstActivated; descriptor < kFirstActivated + count; ++descriptor) {
    auto socket = FileDescriptor{descriptor};
    auto const endpoint = local_endpoint(descriptor);
    auto const fits = [&](ListenerSpec const &spec) { return spec.endpoint == endpoint; };
    auto const spec = std::ranges::find_if(specs, fits);
    if (spec == specs.end())
      return fail(ErrorCode::malformed, "systemd handed over a socket on {}, but sense.listen names no decoy for it",
                  endpoint.to_string());
    if (::fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0 || ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0)
      return system_error(errno, "preparing a socket of systemd");
    auto listener = Listener{std::move(*spec), {}};
    listener.sockets.push_back(std::move(socket));
    listeners.push_back(std::move(listener));
    specs.erase(spec);
  }
  return listeners;
}

auto original_destination(int socket, bool is_v4, model::Endpoint const &listener) -> model::Endpoint {
  constexpr auto kOriginalDestination = 80;  // SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST of linux/netfilter
  auto address = SocketAddress{};
  if (::getsockopt(socket, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, kOriginalDestination, address.get(), address.room()) == 0)
    return address.endpoint();
  return listener.address == model::IpAddress{} || listener.address == model::IpAddress::v4(0) ? local_endpoint(socket)
                                                                                               : listener;
}

}  // namespace noroshi::sense
