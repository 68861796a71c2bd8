#include "base/registry.hpp"

#include <doctest/doctest.h>

using namespace noroshi;

namespace {

class Signal {
public:
  virtual ~Signal() = default;
  virtual auto send() -> std::string = 0;
};
class Smoke final : public Signal {
  auto send() -> std::string override { return "smoke"; }
};
class Fire final : public Signal {
  auto send() -> std::string override { return "fire"; }
};

Registered<Signal, Smoke> const smoke{"smoke"};
Registered<Signal, Fire> const fire{"fire"};

}  // namespace

TEST_CASE("parts that registered themselves are found by name, in alphabetical order") {
  auto const &signals = Registry<Signal>::instance();
  CHECK(signals.names() == std::vector<std::string>{"fire", "smoke"});
  CHECK(signals.contains("smoke"));
  CHECK(signals.create("fire")->send() == "fire");
  CHECK(signals.create("fire") != signals.create("fire"));
}

TEST_CASE("a part that nobody registered is nothing") {
  CHECK_FALSE(Registry<Signal>::instance().contains("drum"));
  CHECK(Registry<Signal>::instance().create("drum") == nullptr);
}
