#include "model/context.hpp"

#include <random>
#include <tuple>

#include <doctest/doctest.h>

using namespace noroshi;
using namespace noroshi::model;

namespace {

constexpr auto kRounds = 50'000;

/// Contexts of one key whose every merged part differs.
auto random_context(std::mt19937_64 &random) -> Context {
  auto context = Context{};
  context.collected_by = static_cast<CollectedBy>(1 + random() % 6);
  context.scope = static_cast<Scope>(random() % 2);
  context.first_seen = Time{Duration{random() % 5}};
  context.last_seen = Time{Duration{random() % 5}};
  context.count = random() % 8 == 0 ? ~std::uint64_t{random() % 3} : random() % 100;
  context.confidence = static_cast<std::uint8_t>(random() % 101);
  context.tlp = static_cast<Tlp>(random() % 5);
  context.pap = static_cast<Pap>(random() % 4);
  context.to_ids = random() % 2 == 0;
  for (auto tag = 'a'; tag < 'f'; ++tag)
    if (random() % 2 == 0) context.tags.emplace_back(1, tag);
  if (random() % 3 != 0) context.expiry = Time{Duration{random() % 4}};
  context.sequence = random() % 9;
  return context;
}

/// Everything merged, as one comparable thing.
auto parts(Context const &c) {
  return std::tuple{c.collected_by, c.scope, c.first_seen, c.last_seen, c.count,  c.confidence,
                    c.tlp,          c.pap,   c.to_ids,     c.tags,      c.expiry, c.sequence};
}

auto merged(Context a, Context const &b) -> Context {
  merge(a, b);
  return a;
}

}  // namespace

TEST_CASE("merging contexts is associative and commutative") {
  auto random = std::mt19937_64{1};
  for (auto round = 0; round < kRounds; ++round) {
    auto const a = random_context(random), b = random_context(random), c = random_context(random);
    REQUIRE(parts(merged(a, b)) == parts(merged(b, a)));
    REQUIRE(parts(merged(merged(a, b), c)) == parts(merged(a, merged(b, c))));
  }
}

TEST_CASE("merging a context with itself changes its count only") {
  auto random = std::mt19937_64{2};
  for (auto round = 0; round < kRounds; ++round) {
    auto const a = random_context(random);
    auto twice = merged(a, a);
    twice.count = a.count;
    REQUIRE(parts(twice) == parts(a));
  }
}

TEST_CASE("merging keeps the widest time, adds counts, unites tags, and the stricter marking wins") {
  auto into = Context{.first_seen = Time{Duration{5}},
                      .last_seen = Time{Duration{6}},
                      .count = 2,
                      .confidence = 40,
                      .tlp = Tlp::green,
                      .tags = {"a", "c"},
                      .expiry = Time{Duration{9}}};
  auto const from = Context{.first_seen = Time{Duration{3}},
                            .last_seen = Time{Duration{4}},
                            .count = 3,
                            .confidence = 90,
                            .tlp = Tlp::red,
                            .to_ids = true,
                            .tags = {"b", "c"},
                            .expiry = Time{Duration{8}}};
  merge(into, from);
  CHECK(into.first_seen == Time{Duration{3}});
  CHECK(into.last_seen == Time{Duration{6}});
  CHECK(into.count == 5);
  CHECK(into.confidence == 90);
  CHECK(into.tlp == Tlp::red);
  CHECK(into.to_ids);
  CHECK(into.tags == std::vector<std::string>{"a", "b", "c"});
  CHECK(into.expiry == Time{Duration{9}});
  merge(into, Context{});
  CHECK(!into.expiry);  // one that never expires keeps the whole from expiring
}

TEST_CASE("each part of the key parts contexts, and nothing else does") {
  auto const base = Context{.source = {1}, .report = {2}, .attribute = "ip-src"};
  auto const differs = [&](auto change) {
    auto other = base;
    change(other);
    return !same_key(base, other);
  };
  CHECK(differs([](Context &c) { c.source = {9}; }));
  CHECK(differs([](Context &c) { c.report = {9}; }));
  CHECK(differs([](Context &c) { c.attribute = "ip-dst"; }));
  CHECK(differs([](Context &c) { c.role = Role::c2; }));
  CHECK(differs([](Context &c) { c.direction = Direction::both; }));
  CHECK(differs([](Context &c) { c.evidence = Evidence::verified; }));
  CHECK(!differs([](Context &c) {
    c.tlp = Tlp::red;
    c.count = 7;
    c.tags = {"x"};
    c.collected_by = CollectedBy::feed;
  }));
}
