#include <set>

#include "tests/know/indicators_fixture.hpp"

namespace noroshi {
namespace {

using namespace test;

auto listed(model::IndicatorStore &store, model::IndicatorFilter const &filter = {}, Time now = kNow)
    -> std::set<std::string> {
  auto found = store.list(filter, "", 100, reader(), now);
  if (!found) FAIL(found.error().sentence);
  CHECK_FALSE(found->next);
  auto texts = std::set<std::string>{};
  for (auto const &one : found->listed) {
    CHECK_FALSE(one.contexts.empty());
    CHECK(texts.insert(one.indicator.text).second);
  }
  return texts;
}

using Texts = std::set<std::string>;

TEST_CASE("indicators are listed each once with all its contexts, page by page") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  auto expected = Texts{};
  for (auto position = 1U; position <= 40; ++position) {
    auto const own = fmt::format("192.0.2.{}", position);
    REQUIRE(store->apply({.stream = "intake",
                          .position = position,
                          .writes = {write(own), write(own, 2), write(fmt::format("n{}.example.com", position % 7))}}));
    expected.insert(own);
    expected.insert(fmt::format("n{}.example.com", position % 7));
  }
  CHECK(listed(*store) == expected);
  for (auto const limit : {1U, 2U, 7U, 46U, 47U, 48U, 1000U}) {
    CAPTURE(limit);
    auto seen = std::vector<std::string>{};
    auto cursor = std::optional<std::string>{""};
    while (cursor) {
      auto const page = store->list({}, *cursor, limit, reader(), kNow);
      REQUIRE(page);
      REQUIRE(page->listed.size() <= limit);
      for (auto const &one : page->listed) {
        CHECK(one.contexts.size() == (one.indicator.type == model::ValueType::ip ? 2 : 1));
        seen.push_back(one.indicator.text);
      }
      cursor = page->next;
    }
    CHECK(seen.size() == 47);
    CHECK(Texts{seen.begin(), seen.end()} == expected);
  }
  for (auto const *const wrong : {"x", "0", "00000000000000000", "000000000000000g"})
    CHECK(store->list({}, wrong, 1, reader(), kNow).error().code == ErrorCode::malformed);
}

TEST_CASE("a list is made of contexts that pass every condition") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
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
  auto store = open_store(folder / "indicators");
  auto expiring = write("192.0.2.1");
  expiring.context.expiry = kNow;
  auto red = write("192.0.2.2");
  red.context.tlp = model::Tlp::red;
  REQUIRE(
      store->apply({.stream = "intake",
                    .position = 1,
                    .writes = {expiring, red, write("192.0.2.3", 3, 9), write("192.0.2.4", 4), write("192.0.2.5")}}));
  CHECK(listed(*store) == Texts{"192.0.2.3", "192.0.2.4", "192.0.2.5"});
  CHECK(listed(*store, {}, kNow - Duration{1}).contains("192.0.2.1"));
  REQUIRE(store->apply({.stream = "intake",
                        .position = 2,
                        .writes = {},
                        .withdrawals = {{model::SourceId{3}, model::ReportId{9}}},
                        .raised = {model::SourceId{4}}}));
  CHECK(listed(*store) == Texts{"192.0.2.5"});
}

}  // namespace
}  // namespace noroshi
