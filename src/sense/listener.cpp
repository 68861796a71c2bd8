#include "sense/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>

#include "base/registry.hpp"
#include "sense/decoy.hpp"
#include "sense/socket_address.hpp"

namespace noroshi::sense {
namespace {

/// Connections that wait to be accepted: half a second of the fastest arrival measured.
constexpr auto kBacklog = 4096;
constexpr auto kMaxActivated = 1024;
constexpr auto kFreeAgain = std::chrono::milliseconds{50};  // between two looks at a taken port
/// The kernel's filter takes 4,096 steps, of which an IPv6 prefix needs up to twelve.
constexpr auto kMaxPrefixes = std::size_t{256};

auto parse_port(std::string_view text) -> Result<std::uint16_t> {
  auto port = std::uint16_t{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size())
    return fail(ErrorCode::malformed, "\"{}\" is not a port (0 to 65535)", text);
  return port;
}

/// What stands between plus signs; at least one part.
auto parts_of(std::string_view text) -> std::vector<std::string> {
  auto parts = std::vector<std::string>{};
  while (true) {
    auto const plus = std::min(text.find('+'), text.size());
    parts.emplace_back(text.substr(0, plus));
    if (plus == text.size()) return parts;
    text.remove_prefix(plus + 1);
  }
}

/// "192.0.2.1", "[::1]", "192.0.2.0/24", "[2001:db8::/64]"; several prefixes of one family with plus signs between.
auto read_address(std::string_view text, ListenerSpec &spec) -> Result<void> {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (text.find('/') == std::string_view::npos) {
    TRY(spec.endpoint.address, model::IpAddress::parse(text));
    return ok;
  }
  for (auto const &part : parts_of(text)) {
    TRY(auto const prefix, model::IpPrefix::parse(part));
    spec.prefixes.push_back(prefix);
  }
  auto const is_v4 = spec.prefixes.front().address().is_v4();
  for (auto const &prefix : spec.prefixes)
    if (prefix.address().is_v4() != is_v4)
      return fail(ErrorCode::malformed, "prefixes of both families; name a listener for each");
  if (spec.prefixes.size() > kMaxPrefixes)
    return fail(ErrorCode::malformed, "more than {} prefixes; name a listener for some on another port", kMaxPrefixes);
  if (is_v4) spec.endpoint.address = model::IpAddress::v4(0);
  return ok;
}

auto local_endpoint(int socket) -> model::Endpoint {
  auto address = SocketAddress{};
  if (::getsockname(socket, address.get(), address.room()) != 0) return {};
  return address.endpoint();
}

auto transport_of(int socket) -> model::Transport {
  auto type = 0;
  auto size = socklen_t{sizeof type};
  return ::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM ? model::Transport::udp
                                                                                            : model::Transport::tcp;
}

auto set_flag(int socket, int level, int option) -> bool {
  auto const on = 1;
  return ::setsockopt(socket, level, option, &on, sizeof on) == 0;
}

auto new_socket(ListenerSpec const &spec) -> FileDescriptor {
  auto const type = spec.transport == model::Transport::udp ? SOCK_DGRAM : SOCK_STREAM;
  return FileDescriptor{
      ::socket(spec.endpoint.address.is_v4() ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
}

/// SO_REUSEADDR lets a restart bind at once; between UDP sockets it would share the port, so they go without.
auto prepare(int socket, ListenerSpec const &spec) -> bool {
  auto const is_v4 = spec.endpoint.address.is_v4();
  auto const udp = spec.transport == model::Transport::udp;
  return (udp || set_flag(socket, SOL_SOCKET, SO_REUSEADDR)) && (is_v4 || set_flag(socket, IPPROTO_IPV6, IPV6_V6ONLY));
}

/// What a datagram's reader asks the kernel to tell: which of our addresses it was sent to, and how many were lost.
auto ask_for_destinations(int socket, bool is_v4) -> bool {
  return (is_v4 ? set_flag(socket, IPPROTO_IP, IP_PKTINFO) : set_flag(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO)) &&
         set_flag(socket, SOL_SOCKET, SO_RXQ_OVFL);
}

/// The socket, or errno.
auto bind_one(ListenerSpec const &spec) -> std::expected<FileDescriptor, int> {
  auto socket = new_socket(spec);
  if (!socket.valid()) return std::unexpected{errno};
  // SO_REUSEPORT shares the port between our loops.
  if (!prepare(socket.get(), spec) || !set_flag(socket.get(), SOL_SOCKET, SO_REUSEPORT)) return std::unexpected{errno};
  auto const udp = spec.transport == model::Transport::udp;
  // A connection takes this over: what a decoy says in two parts is not held back for the visitor's acknowledgement.
  if (!udp) set_flag(socket.get(), IPPROTO_TCP, TCP_NODELAY);
  if (udp && !ask_for_destinations(socket.get(), spec.endpoint.address.is_v4())) return std::unexpected{errno};
  if (!spec.prefixes.empty() && !hear_only(socket.get(), spec.prefixes)) return std::unexpected{errno};
  auto const address = SocketAddress::of(spec.endpoint);
  if (::bind(socket.get(), address.get(), address.size()) != 0 || (!udp && ::listen(socket.get(), kBacklog) != 0))
    return std::unexpected{errno};
  return socket;
}

/// SO_REUSEPORT lets a second program of the same user share our port unnoticed; so a first bind goes without it.
auto port_is_free(ListenerSpec const &spec) -> bool {
  if (spec.endpoint.port == 0) return true;
  auto const probe = new_socket(spec);
  if (!probe.valid() || !prepare(probe.get(), spec)) return true;  // bind_one() tells why
  auto const address = SocketAddress::of(spec.endpoint);
  return ::bind(probe.get(), address.get(), address.size()) == 0 || errno != EADDRINUSE;
}

auto comes_free(ListenerSpec const &spec, std::chrono::steady_clock::time_point until) -> bool {
  while (!port_is_free(spec)) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kFreeAgain);
  }
  return true;
}

auto bind_error(ListenerSpec const &spec, int number) -> Error {
  auto const where = fmt::format("binding {} for the decoy {}", spec.where(), spec.decoy);
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
    return fail(ErrorCode::malformed,
                "sense.listen \"{}\": {}; write decoy[@persona[+persona…]]:address:port or decoy:prefix/length:port",
                text, why);
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
  spec.transport = Registry<Decoy>::instance().create(spec.decoy)->transport();
  auto const port = parse_port(text.substr(last + 1));
  if (!port) return malformed(port.error().sentence);
  spec.endpoint.port = *port;
  if (auto const read = read_address(text.substr(colon + 1, last - colon - 1), spec); !read)
    return malformed(read.error().sentence);
  return spec;
}

auto ListenerSpec::personas() const -> std::vector<std::string> { return parts_of(persona); }

auto ListenerSpec::address() const -> std::string {
  if (prefixes.empty()) return endpoint.address.to_string();
  auto texts = std::vector<std::string>{};
  for (auto const &prefix : prefixes) texts.push_back(prefix.to_string());
  return fmt::format("{}", fmt::join(texts, "+"));
}

auto ListenerSpec::where() const -> std::string {
  if (prefixes.empty()) return endpoint.to_string();
  return endpoint.address.is_v4() ? fmt::format("{}:{}", address(), endpoint.port)
                                  : fmt::format("[{}]:{}", address(), endpoint.port);
}

auto bind_listener(ListenerSpec spec, unsigned loops, PortTaken if_taken, std::chrono::steady_clock::time_point until)
    -> Result<Listener> {
  auto listener = Listener{std::move(spec), {}};
  auto &endpoint = listener.spec.endpoint;
  if (!comes_free(listener.spec, until)) {
    if (if_taken == PortTaken::fails) return bind_error(listener.spec, EADDRINUSE);
    endpoint.port = 0;
  }
  for (auto i = 0U; i < loops; ++i) {
    auto socket = bind_one(listener.spec);
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
    auto const transport = transport_of(descriptor);
    auto const fits = [&](ListenerSpec const &spec) {
      return spec.endpoint == endpoint && spec.transport == transport;
    };
    auto const spec = std::ranges::find_if(specs, fits);
    if (spec == specs.end())
      return fail(ErrorCode::malformed, "systemd handed over a socket on {}, but sense.listen names no decoy for it",
                  endpoint.to_string());
    if (::fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0 || ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0)
      return system_error(errno, "preparing a socket of systemd");
    if ((transport == model::Transport::udp && !ask_for_destinations(descriptor, endpoint.address.is_v4())) ||
        (!spec->prefixes.empty() && !hear_only(descriptor, spec->prefixes)))
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
