#include "sense/listener.hpp"

#include <cstdlib>

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
  CHECK(error_of("nope:127.0.0.1:1").find("there is no decoy \"nope\"; there are any, http, https, redis, telnet") !=
        std::string::npos);
  CHECK(error_of("http:127.0.0.1:99999").find("is not a port") != std::string::npos);
  CHECK(error_of("http:localhost:80").find("write decoy[@persona]:address:port") != std::string::npos);
  CHECK(error_of("http").find("missing") != std::string::npos);
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
