#include "sense/waiting_room.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace noroshi;
using namespace sense;

namespace {

auto visit(std::string_view source, std::string_view machine = "192.0.2.1") -> Encounter {
  auto encounter = Encounter{};
  encounter.source.address = *model::IpAddress::parse(source);
  encounter.destination.address = *model::IpAddress::parse(machine);
  return encounter;
}

}  // namespace

TEST_CASE("a waiting room holds so many of one source, and a place that is given back is free again") {
  auto room = WaitingRoom{0, 2};
  auto first = room.enter(visit("198.51.100.1"));
  auto const second = room.enter(visit("198.51.100.1"));
  CHECK(first);
  CHECK(second);
  CHECK_FALSE(room.enter(visit("198.51.100.1")));
  CHECK(room.enter(visit("198.51.100.2")));
  CHECK(room.enter(visit("198.51.100.1", "192.0.2.2")));  // another machine
  first.reset();
  CHECK(room.enter(visit("198.51.100.1")));
}

TEST_CASE("a waiting room holds so many of all, at each machine") {
  auto room = WaitingRoom{2, 0};
  auto const first = room.enter(visit("198.51.100.1"));
  auto const second = room.enter(visit("198.51.100.2"));
  CHECK_FALSE(room.enter(visit("198.51.100.3")));
  CHECK(room.enter(visit("198.51.100.3", "192.0.2.2")));
}

TEST_CASE("a waiting room without limits takes everybody") {
  auto room = WaitingRoom{0, 0};
  auto places = std::vector<std::unique_ptr<WaitingRoom::Place>>{};
  for (auto i = 0; i < 100; ++i) places.push_back(room.enter(visit("198.51.100.1")));
  CHECK(places.back());
}
