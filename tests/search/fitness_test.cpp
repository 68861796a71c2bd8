#include "search/fitness.hpp"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>

#include "search/fixture.hpp"

using namespace noroshi;

namespace {

auto told(test::Node &node) -> search::Fitness {
  auto made = search::fitness(test::viewer(model::UserRole::analyst), node.knowledge);
  REQUIRE(made);
  return *std::move(made);
}

auto codes(std::vector<search::Reason> const &reasons) -> std::vector<std::string> {
  auto all = std::vector<std::string>{};
  for (auto const &reason : reasons) all.push_back(reason.code);
  return all;
}

auto sentence(std::vector<search::Reason> const &reasons, std::string_view code, std::string_view language = "en")
    -> std::string {
  for (auto const &reason : reasons)
    if (reason.code == code) return test::texts().text(language, reason);
  return {};
}

void add(test::Node &node, std::string_view value, std::string_view source, model::Role role, int days) {
  auto context = node.context(source, model::Evidence::observed, days);
  context.role = role;
  node.indicators.add(*model::parse_value(value), context);
}

}  // namespace

TEST_CASE("scan sources alone cannot answer for hashes, in either language") {
  auto node = test::Node{};
  node.clock.advance(Time{std::chrono::sys_days{std::chrono::year{2026} / 4 / 29}} - node.clock.now());
  add(node, "185.220.7.9", "member b", model::Role::scanner, 3);
  add(node, "185.220.7.10", "member b", model::Role::scanner, 20);
  auto const fitness = told(node);
  CHECK(sentence(fitness.cannot, "cannot_kinds") ==
        "Known are scan sources of 2026-04 only: domains, URLs, mail addresses, file hashes cannot match here.");
  CHECK(sentence(fitness.cannot, "cannot_kinds", "ja").contains("2026-04のスキャン元のみ"));
  CHECK(sentence(fitness.can, "can_match").contains("addresses"));
  CHECK(sentence(fitness.cannot, "cannot_before").contains("2026-04-08"));
  CHECK(sentence(fitness.cannot, "cannot_since").empty());
  CHECK(sentence(fitness.cannot, "cannot_confirm").contains("member b"));
  CHECK_FALSE(sentence(fitness.cannot, "cannot_outbound").empty());
}

TEST_CASE("what is there is not told as missing") {
  auto node = test::Node{};
  for (auto const *value : {"185.220.7.9", "kwz81.com", "http://kwz82.com/x", "a@kwz83.com",
                            "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"})
    add(node, value, value, model::Role::c2, 1);
  auto const fitness = told(node);
  CHECK(codes(fitness.cannot) == std::vector<std::string>{"cannot_before", "cannot_look_back"});
  CHECK(fitness.types.size() == 5);
  CHECK(fitness.holdings.size() == 5);
}

TEST_CASE("old data says since when it knows nothing") {
  auto node = test::Node{};
  add(node, "185.220.7.9", "a", model::Role::scanner, 31);
  CHECK(sentence(told(node).cannot, "cannot_since").contains("31 days ago"));
}

TEST_CASE("no text of a fitness is missing in any language, whatever roles there are") {
  auto node = test::Node{};
  for (auto role = 0; role < 9; ++role)
    add(node, fmt::format("185.220.7.{}", role), fmt::format("source {}", role), static_cast<model::Role>(role), role);
  auto const fitness = told(node);
  for (auto const *language : {"en", "ja"})
    for (auto const *reasons : {&fitness.can, &fitness.cannot})
      for (auto const &reason : *reasons) {
        auto const text = test::texts().text(language, reason);
        CHECK_MESSAGE((!text.contains('{') && !text.contains('_')), text);
      }
}

TEST_CASE("its JSON has every part, and members that are missing are null") {
  auto node = test::Node{};
  auto text = std::string{};
  auto json = codec::JsonWriter{text};
  search::write(json, told(node), "en", test::texts());
  auto const answer = boost::json::parse(text).as_object();
  CHECK(answer.at("types").as_array().empty());
  CHECK(answer.at("observations").as_object().at("days").to_number<int>() == 1);
  CHECK(answer.at("cannot").as_array().size() == 2);
}

TEST_CASE("a question learns which of its types could not have matched, and why where that is all of it") {
  auto node = test::Node{};
  add(node, "192.0.2.0/24", "a", model::Role::scanner, 1);
  auto const ask = [&](std::vector<std::string_view> const &values) {
    auto answers = search::search(values, test::viewer(model::UserRole::analyst), node.knowledge);
    REQUIRE(answers);
    auto types = search::AskedTypes{};
    auto member = search::MemberAnswer{};
    for (auto const &answer : *answers) {
      types.add(answer);
      member.hits += answer.hits.size();
    }
    REQUIRE(types.tell(member, node.knowledge, "en"));
    return member;
  };
  auto const hash = std::string(64, 'a');
  CHECK(ask({hash}).cannot == std::vector<std::string>{"sha256"});
  CHECK(ask({hash}).reason.contains("sha256"));
  CHECK(ask({"198.51.100.1"}).cannot.empty());  // a block could have held it
  CHECK(ask({"198.51.100.1", hash}).cannot == std::vector<std::string>{"sha256"});
  CHECK(ask({"198.51.100.1", hash}).reason.empty());
  CHECK(ask({"192.0.2.1", hash}).reason.empty());
  CHECK(ask({"no value"}).cannot.empty());
}
