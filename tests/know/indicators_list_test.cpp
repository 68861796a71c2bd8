#include <set>

#include "tests/know/indicators_fixture.hpp"

namespace noroshi {
namespace {

using namespace test;

auto listed(model::IndicatorStore &store, model::IndicatorFilter const &filter = {},
            std::optional<model::Value> const &after = {}, std::size_t limit = 100, Time now = kNow)
    -> std::vector<std::string> {
  auto found = store.list(filter, after, limit, reader(), now);
  if (!found) FAIL(found.error().sentence);
  auto texts = std::vector<std::string>{};
  for (auto const &one : *found) {
    CHECK_FALSE(one.contexts.empty());
    texts.push_back(one.indicator.text);
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST_CASE("indicators are listed by type and text, each once with all its contexts, from any one on") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators.sqlite");
  REQUIRE(store->apply({.stream = "intake",
                        .position = 1,
                        .writes = {write("example.com"), write("192.0.2.7"), write("192.0.2.7", 2), write("192.0.2.10"),
                                   write("a.example.com")}}));
  CHECK(listed(*store) == Texts{"192.0.2.10", "192.0.2.7", "a.example.com", "example.com"});
  CHECK(listed(*store, {}, value("192.0.2.7")) == Texts{"a.example.com", "example.com"});
  CHECK(listed(*store, {}, value("192.0.2.100"), 2) == Texts{"192.0.2.7", "a.example.com"});
  CHECK(listed(*store, {}, {}, 2) == Texts{"192.0.2.10", "192.0.2.7"});
  CHECK(listed(*store, {}, value("zzz")).empty());
  auto const both = store->list({}, value("192.0.2.10"), 1, reader(), kNow);
  REQUIRE(both);
  CHECK(both->front().contexts.size() == 2);
}

TEST_CASE("a list is made of contexts that pass every condition") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators.sqlite");
  auto scanner = write("192.0.2.1");
  scanner.context.role = model::Role::scanner;
  scanner.context.direction = model::Direction::inbound;
  scanner.context.evidence = model::Evidence::observed;
  scanner.context.confidence = 80;
  scanner.context.to_ids = true;
  auto claimed = write("c2.example.com");
  claimed.context.role = model::Role::c2;
  claimed.context.direction = model::Direction::outbound;
  REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = {scanner, claimed}}));
  auto const first = Texts{"192.0.2.1"};
  CHECK(listed(*store, {.types = {model::ValueType::ip, model::ValueType::cidr}}) == first);
  CHECK(listed(*store, {.roles = {model::Role::scanner}}) == first);
  CHECK(listed(*store, {.directions = {model::Direction::inbound, model::Direction::both}}) == first);
  CHECK(listed(*store, {.evidence = model::Evidence::observed}) == first);
  CHECK(listed(*store, {.confidence = 60}) == first);
  CHECK(listed(*store, {.to_ids_only = true}) == first);
  CHECK(listed(*store, {.roles = {model::Role::c2}, .to_ids_only = true}).empty());
  CHECK(listed(*store, {.since = kNow}).empty());
  CHECK(listed(*store, {.since = scanner.context.last_seen, .before = kNow}).size() == 2);
  CHECK(listed(*store, {.before = scanner.context.last_seen}).empty());
}

TEST_CASE("what is expired, withdrawn, of a raised source or not for the viewer is not listed") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators.sqlite");
  auto expiring = write("192.0.2.1");
  expiring.context.expiry = kNow;
  auto red = write("192.0.2.2");
  red.context.tlp = model::Tlp::red;
  REQUIRE(
      store->apply({.stream = "intake",
                    .position = 1,
                    .writes = {expiring, red, write("192.0.2.3", 3, 9), write("192.0.2.4", 4), write("192.0.2.5")}}));
  CHECK(listed(*store) == Texts{"192.0.2.3", "192.0.2.4", "192.0.2.5"});
  CHECK(listed(*store, {}, {}, 100, kNow - Duration{1}).front() == "192.0.2.1");
  REQUIRE(store->apply({.stream = "intake",
                        .position = 2,
                        .writes = {},
                        .withdrawals = {{model::SourceId{3}, model::ReportId{9}}},
                        .raised = {model::SourceId{4}}}));
  CHECK(listed(*store) == Texts{"192.0.2.5"});
}

}  // namespace
}  // namespace noroshi
