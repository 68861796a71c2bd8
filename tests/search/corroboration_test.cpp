// What the table of cases cannot show: bounds, markings, and who meets whom.
#include "search/corroboration.hpp"

#include <doctest/doctest.h>

#include "search/fixture.hpp"

using namespace noroshi;

namespace {

auto sample(int number) -> std::string { return fmt::format("{:064x}", number + 1); }

/// Puts `value` into the report, as `source 0` observed it today.
void add(test::Node &node, std::string const &value, std::int64_t report, model::Tlp tlp = model::Tlp::green) {
  auto context = node.context("source 0", model::Evidence::observed);
  context.report = {report};
  context.collected_by = model::CollectedBy::report;
  context.tlp = tlp;
  node.indicators.add(*model::parse_value(value), context);
}

auto ask(test::Node &node, std::vector<std::string> const &values, model::UserRole role = model::UserRole::analyst)
    -> std::vector<search::Answer> {
  auto answers =
      search::search(std::vector<std::string_view>{values.begin(), values.end()}, test::viewer(role), node.knowledge);
  REQUIRE(answers);
  return *std::move(answers);
}

}  // namespace

TEST_CASE("what a viewer may not see corroborates nothing for him") {
  auto node = test::Node{};
  add(node, "185.220.7.9", 1);
  add(node, sample(0), 1, model::Tlp::red);
  CHECK(ask(node, {"185.220.7.9", sample(0)})[0].hits[0].assessment.strength == search::Strength::strong);
  auto const seen = ask(node, {"185.220.7.9", sample(0)}, model::UserRole::reader);
  CHECK(seen[0].hits[0].assessment.strength == search::Strength::medium);
  CHECK(seen[0].hits[0].assessment.corroborated_by.empty());
}

TEST_CASE("a value that is asked twice is no second kind, and what was not asked speaks for nothing") {
  auto node = test::Node{};
  add(node, "185.220.7.9", 1);
  add(node, sample(0), 1);
  for (auto const &answer : ask(node, {"185.220.7.9", "185.220.7[.]9", "not a value"}))
    for (auto const &hit : answer.hits) CHECK(hit.assessment.strength == search::Strength::medium);
}

TEST_CASE("each hit is judged by its own report: one of a value's hits may be corroborated and the others not") {
  auto node = test::Node{};
  add(node, "185.220.7.9", 1);
  add(node, "185.220.7.9", 2);
  add(node, sample(0), 2);
  auto const hits = ask(node, {"185.220.7.9", sample(0)})[0].hits;
  REQUIRE(hits.size() == 2);
  CHECK(hits[0].assessment.strength == search::Strength::medium);
  CHECK(hits[1].assessment.strength == search::Strength::strong);
}

TEST_CASE("a report of thousands of values is compared in the time of its size, and names a few values only") {
  auto node = test::Node{};
  auto answers = std::vector<search::Answer>{};
  constexpr auto kEach = 2'000;
  for (auto i = 0; i < kEach; ++i)
    for (auto const &text : {sample(i), fmt::format("185.{}.{}.9", i / 250, i % 250)}) {
      auto &answer = answers.emplace_back();
      answer.value = text;
      answer.canonical = *model::parse_value(text);
      auto named = search::NamedHit{};
      named.hit.indicator = *answer.canonical;
      named.hit.context = node.context("source 0", model::Evidence::observed);
      named.hit.context.report = {1};
      auto assessment = search::assess(*answer.canonical, std::span{&named, 1}, node.clock.now()).front();
      answer.hits.push_back({std::move(named), std::move(assessment)});
    }
  search::corroborate(answers);
  for (auto const &answer : answers) {
    CHECK(answer.hits[0].assessment.strength == search::Strength::strong);
    CHECK(answer.hits[0].assessment.corroborated_by.size() == 8);
  }
}

TEST_CASE("a report without a title is named by its number") {
  auto node = test::Node{};
  add(node, "185.220.7.9", 17);
  add(node, sample(0), 17);
  auto const hit = ask(node, {"185.220.7.9", sample(0)})[0].hits.at(0);
  CHECK(test::texts().text("en", hit.assessment.reason).contains("#17"));
}
