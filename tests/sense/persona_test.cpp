#include "sense/persona.hpp"

#include <set>

#include <doctest/doctest.h>

#include "sense/cast.hpp"
#include "sense/shell.hpp"

using namespace noroshi;
using namespace noroshi::sense;

namespace {

auto of_node(unsigned char number) -> Persona {
  auto persona = *Persona::parse("machine", "[host]\nusers = [\"ops\", \"dev{d}\"]");
  auto secret = NodeSecret{};
  secret.bytes.fill(number);
  persona.set_secret(secret);
  return persona;
}

}  // namespace

TEST_CASE("what a node draws of patterns is its own and stays") {
  auto const patterns = std::vector<std::string>{"web{d}{d}", "srv-{x}{x}{x}{x}", "db{d}", "{other}"};
  auto names = std::set<std::string>{};
  for (auto number = 0; number < 50; ++number) {
    auto const persona = of_node(static_cast<unsigned char>(number));
    auto const name = persona.drawn("host name", patterns);
    CHECK(name == persona.drawn("host name", patterns));
    CHECK(name.find("{d}") == std::string::npos);
    CHECK(name.find("{x}") == std::string::npos);
    names.insert(name);
  }
  CHECK(names.size() > 25);
  CHECK(names.contains("{other}"));
  CHECK(of_node(1).drawn("host name", {}).empty());
}

TEST_CASE("no two nodes have been up for as long, and the time goes on") {
  auto days = std::set<std::int64_t>{};
  auto const now = *parse_rfc3339("2026-11-21T09:30:00Z");
  for (auto number = 0; number < 20; ++number) {
    auto const machine = ShellMachine::create(of_node(static_cast<unsigned char>(number)));
    REQUIRE(machine);
    auto const up = machine->uptime(now);
    CHECK(up.count() >= 0);
    CHECK(up < std::chrono::hours{24 * 182});
    auto const later = machine->uptime(now + std::chrono::minutes{1});
    CHECK((later == up + std::chrono::minutes{1} || later < std::chrono::minutes{2}));
    days.insert(up.count());
  }
  CHECK(days.size() == 20);
}

TEST_CASE("the host name stands in a prompt") {
  auto persona = of_node(1);
  persona.set("host.name", "web07");
  CHECK(persona.with_host("root@{host}:~# ") == "root@web07:~# ");
  CHECK(persona.with_host("{host}{host}") == "web07web07");
}
