#include "sense/login_policy.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace noroshi;
using namespace noroshi::sense;

namespace {

auto policy(std::string const &words) -> std::shared_ptr<LoginPolicy const> {
  auto const persona = Persona::parse("machine", "[ssh]\n" + words);
  REQUIRE(persona);
  auto made = LoginPolicy::create(*persona, "ssh");
  REQUIRE(made);
  return *made;
}

auto visit_of(std::uint32_t source, std::uint32_t destination = 1) -> Encounter {
  return {{model::IpAddress::v4(source), 40000}, {model::IpAddress::v4(destination), 22}, {}};
}

}  // namespace

TEST_CASE("a pair of the persona's list is let in, any other is not") {
  auto const closed = policy(R"(accept = ["root:admin", "guest:*"])");
  CHECK(closed->admits(visit_of(1), "root", "admin"));
  CHECK(closed->admits(visit_of(1), "guest", "whatever"));
  for (auto i = 0; i < 100; ++i) CHECK_FALSE(closed->admits(visit_of(1), "root", fmt::format("{}", i)));
}

TEST_CASE("a guess opens the machine at the persona's try, over as many visits as it takes, and stays the only one") {
  auto const machine = policy("accept_try = 3");
  CHECK_FALSE(machine->admits(visit_of(1), "root", "one"));
  CHECK_FALSE(machine->admits(visit_of(1), "root", "two"));
  CHECK(machine->admits(visit_of(1), "root", "three"));
  CHECK(machine->admits(visit_of(1), "root", "three"));
  for (auto const *const other : {"one", "two", "four", "five", "six"})
    CHECK_FALSE(machine->admits(visit_of(1), "root", other));
}

TEST_CASE("the same guess again is no further try") {
  auto const machine = policy("accept_try = 3");
  for (auto i = 0; i < 10; ++i) CHECK_FALSE(machine->admits(visit_of(1), "root", "one"));
  CHECK_FALSE(machine->admits(visit_of(1), "root", "two"));
  CHECK(machine->admits(visit_of(1), "root", "three"));
}

TEST_CASE("every source and every address of ours is counted for itself") {
  auto const machine = policy("accept_try = 2");
  CHECK_FALSE(machine->admits(visit_of(1), "root", "one"));
  CHECK_FALSE(machine->admits(visit_of(2), "root", "two"));
  CHECK_FALSE(machine->admits(visit_of(1, 9), "root", "three"));
  CHECK(machine->admits(visit_of(1), "root", "four"));
  CHECK(machine->admits(visit_of(2), "root", "five"));
}

TEST_CASE("who came in by the list opens nothing by guessing") {
  auto const machine = policy(R"(
    accept = ["root:admin"]
    accept_try = 2)");
  CHECK(machine->admits(visit_of(1), "root", "admin"));
  for (auto i = 0; i < 10; ++i) CHECK_FALSE(machine->admits(visit_of(1), "root", fmt::format("{}", i)));
  CHECK(machine->admits(visit_of(1), "root", "admin"));
}

TEST_CASE("a flood of sources is forgotten again, oldest first") {
  auto const machine = policy("accept_try = 2");
  for (auto source = 1U; source < 200'000; ++source) (void)machine->admits(visit_of(source), "root", "one");
  CHECK(machine->admits(visit_of(199'999), "root", "two"));
  CHECK_FALSE(machine->admits(visit_of(1), "root", "two"));
}

TEST_CASE("a wrong number of tries is refused by name") {
  auto const persona = *Persona::parse("machine", "[ssh]\naccept_try = -1");
  auto const made = LoginPolicy::create(persona, "ssh");
  REQUIRE_FALSE(made);
  CHECK(made.error().sentence.find("ssh.accept_try is 0 to 1000") != std::string::npos);
}
