// Behind an nftables redirect the observation names the port that the visitor wanted. In a network namespace of its
// own, where the test may make rules; elsewhere it says that it could not.
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <cstdlib>

#include "running_server.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;

constexpr auto kCannot = 77;  // the exit code that test runners know as "skipped"

/// A namespace with a loopback device that is up.
auto own_network() -> bool {
  if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  auto const socket = FileDescriptor{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  auto request = ifreq{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

auto redirect(std::string const &family, std::uint16_t to) -> bool {
  auto const rules =
      "echo 'table " + family +
      " t { chain c { type nat hook output priority -100; tcp dport 23 redirect to :" + std::to_string(to) +
      "; }; }' | nft -f -";
  return std::system(rules.c_str()) == 0;
}

auto visit_through_redirect() -> int {
  if (!own_network() || std::system("nft list ruleset >/dev/null 2>&1") != 0) return kCannot;
  auto server = RunningServer{{"sense.listen=telnet:0.0.0.0:0,telnet:[::]:0"}};
  auto wanted =
      std::vector<model::Endpoint>{{*model::IpAddress::parse("127.0.0.1"), 23}, {*model::IpAddress::parse("::1"), 23}};
  if (!redirect("ip", server.listeners()[0].endpoint.port) || !redirect("ip6", server.listeners()[1].endpoint.port))
    return 5;
  for (auto const &endpoint : wanted) {
    auto const socket = connect_to(endpoint);
    if (read_until(socket, "login: ").empty()) return 2;
  }
  server.stop();
  auto all = read_spool(server.spool());
  std::erase_if(all, [](Seen const &seen) { return seen->kind != model::Kind::opened; });
  if (all.size() != 2) return 3;
  for (auto const &seen : all)
    if (std::find(wanted.begin(), wanted.end(), seen->destination) == wanted.end()) return 4;
  return 0;
}

}  // namespace

TEST_CASE("behind an nftables redirect the original destination is recorded, over IPv4 and IPv6") {
  auto const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(visit_through_redirect());
  auto status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kCannot)
    MESSAGE("not shown here: no rights to a network namespace with nftables");
  else
    CHECK(WEXITSTATUS(status) == 0);
}
