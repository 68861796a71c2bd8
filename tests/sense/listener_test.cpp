#include "sense/listener.hpp"

#include <poll.h>
#include <cstdlib>
#include <future>
#include <set>

#include "running_server.hpp"

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;

TEST_CASE("listeners are read from their words, and wrong words say what is wrong") {
  auto const spec = ListenerSpec::parse("http@router:[::1]:8081");
  REQUIRE(spec);
  CHECK(spec->decoy == "http");
  CHECK(spec->persona == "router");
  CHECK(spec->endpoint.to_string() == "[::1]:8081");
  CHECK(ListenerSpec::parse("any:0.0.0.0:9999")->persona.empty());
  auto const error_of = [](std::string_view text) { return ListenerSpec::parse(text).error().sentence; };
  CHECK(error_of("nope:127.0.0.1:1")
            .find("there is no decoy \"nope\"; there are any, http, https, redis, ssh, telnet, udp") !=
        std::string::npos);
  CHECK(error_of("http:127.0.0.1:99999").find("is not a port") != std::string::npos);
  CHECK(error_of("http:localhost:80").find("write decoy[@persona[+persona…]]:address:port") != std::string::npos);
  CHECK(error_of("http").find("missing") != std::string::npos);
}

TEST_CASE("a listener may stand for prefixes and several personas") {
  auto const spec = ListenerSpec::parse("http@nginx+router:192.0.2.0/24+198.51.100.7/25:80");
  REQUIRE(spec);
  CHECK(spec->personas() == std::vector<std::string>{"nginx", "router"});
  CHECK(spec->endpoint.to_string() == "0.0.0.0:80");
  CHECK(spec->where() == "192.0.2.0/24+198.51.100.0/25:80");
  CHECK(ListenerSpec::parse("any:[2001:db8::/64]:9999")->where() == "[2001:db8::/64]:9999");
  auto const error_of = [](std::string_view text) { return ListenerSpec::parse(text).error().sentence; };
  CHECK(error_of("http:192.0.2.0/33:80").find("sense.listen") != std::string::npos);
  CHECK(error_of("http:192.0.2.0/24+2001:db8::/64:80").find("both families") != std::string::npos);
  CHECK(ListenerSpec::parse("udp:127.0.0.1:5060")->transport == model::Transport::udp);
  CHECK(ListenerSpec::parse("http:127.0.0.1:80")->transport == model::Transport::tcp);
}

TEST_CASE("a prefix is answered, and the rest of the machine's addresses are silent") {
  auto server = RunningServer{{"sense.listen=http@nginx+router:127.0.1.0/28+127.0.3.64/26:0"}};
  auto const port = server.listeners()[0].endpoint.port;
  auto const answers = [port](std::string_view address) {
    auto const socket = FileDescriptor{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    auto const to = SocketAddress::of({*model::IpAddress::parse(address), port});
    if (::connect(socket.get(), to.get(), to.size()) == 0) return true;
    auto wait = pollfd{socket.get(), POLLOUT, 0};
    return ::poll(&wait, 1, 200) == 1 && (wait.revents & (POLLERR | POLLHUP)) == 0;
  };
  for (auto const *const inside : {"127.0.1.0", "127.0.1.15", "127.0.3.64", "127.0.3.127"}) CHECK(answers(inside));
  for (auto const *const outside : {"127.0.0.1", "127.0.1.16", "127.0.3.63", "127.0.3.128"}) CHECK(!answers(outside));
  server.stop();
  auto destinations = std::set<std::string>{};
  for (auto const &seen : read_spool(server.spool())) {
    destinations.insert(seen->destination.address.to_string());
    if (seen->kind == model::Kind::opened) CHECK(!seen->text(model::Field::persona).empty());
  }
  CHECK(destinations == std::set<std::string>{"127.0.1.0", "127.0.1.15", "127.0.3.127", "127.0.3.64"});
}

TEST_CASE("a taken port is a conflict that names it, or moves where that is allowed") {
  auto const holder = bind_listener(*ListenerSpec::parse("any:127.0.0.1:0"), 1, PortTaken::fails);
  REQUIRE(holder);
  auto const taken = holder->spec;
  CHECK(taken.endpoint.port != 0);
  auto const refused = bind_listener(taken, 2, PortTaken::fails);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(refused.error().sentence.find(taken.endpoint.to_string()) != std::string::npos);
  auto const moved = bind_listener(taken, 2, PortTaken::moves);
  REQUIRE(moved);
  CHECK(moved->spec.endpoint.port != taken.endpoint.port);
  CHECK(moved->sockets.size() == 2);
}

TEST_CASE("a port that comes free in time is taken") {
  auto holder = bind_listener(*ListenerSpec::parse("any:127.0.0.1:0"), 1, PortTaken::fails);
  REQUIRE(holder);
  auto const wanted = holder->spec;
  auto waiting = std::async(std::launch::async, [&] {
    return bind_listener(wanted, 1, PortTaken::fails, std::chrono::steady_clock::now() + std::chrono::minutes{1});
  });
  CHECK(waiting.wait_for(std::chrono::milliseconds{120}) == std::future_status::timeout);
  holder->sockets.clear();
  CHECK(waiting.get());
}

TEST_CASE("a socket that systemd hands over takes the place of the listener it fits") {
  auto const child = ::fork();  // descriptors from 3 on belong to doctest here
  REQUIRE(child >= 0);
  if (child == 0) {
    auto bound = bind_listener(*ListenerSpec::parse("http:127.0.0.1:0"), 1, PortTaken::fails);
    auto const spec = bound->spec;
    auto const moved = ::dup2(bound->sockets[0].get(), 3);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", "1", 1);
    auto specs = std::vector<ListenerSpec>{*ListenerSpec::parse("any:127.0.0.1:0"), spec};
    auto const taken = take_activated(specs, activated_sockets());
    ::_exit(moved == 3 && taken && taken->size() == 1 && (*taken)[0].spec.decoy == "http" && specs.size() == 1 ? 0 : 1);
  }
  auto status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
