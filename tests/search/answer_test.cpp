#include "search/answer.hpp"

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "search/fixture.hpp"

using namespace noroshi;
using namespace noroshi::search;
using noroshi::test::Node;

namespace {

auto as_json(Answer const &answer) -> boost::json::object {
  auto out = std::string{};
  auto json = codec::JsonWriter{out};
  write(json, answer, "tower", "en", test::texts());
  return boost::json::parse(out).as_object();
}

}  // namespace

TEST_CASE("every value is answered in the order asked, and a malformed one fails nobody else's") {
  auto node = Node{};
  node.indicators.add({model::ValueType::ip, "198.51.100.7"}, node.context("sensor/home", model::Evidence::observed));
  auto const asked =
      std::vector<std::string_view>{"198[.]51.100.7", "", "not a value!", "unknown.example.com", "198.51.100.7"};
  auto const answers = search::search(asked, test::viewer(model::UserRole::reader), node.knowledge);
  REQUIRE(answers);
  REQUIRE(answers->size() == 5);
  CHECK((*answers)[0].known());
  CHECK((*answers)[0].value == "198[.]51.100.7");
  CHECK((*answers)[0].canonical->text == "198.51.100.7");
  CHECK_FALSE((*answers)[1].canonical);
  CHECK_FALSE((*answers)[2].canonical);
  CHECK_FALSE((*answers)[2].problem.empty());
  CHECK((*answers)[3].canonical);
  CHECK_FALSE((*answers)[3].known());
  CHECK((*answers)[4].known());
}

TEST_CASE("an answer's JSON has every member that is promised, with sources and reports by name") {
  auto node = Node{};
  auto context = node.context("analyst/ann", model::Evidence::observed, 2);
  auto const report =
      node.catalogue.add_report("analyst/ann", "Winter botnet", {}, test::viewer(model::UserRole::analyst));
  REQUIRE(report);
  context.report = report->id;
  context.role = model::Role::c2;
  context.tags = {"mirai"};
  node.indicators.add({model::ValueType::domain, "c2.example.com"}, context);
  auto const answer = as_json(node.ask("c2.example.com"));
  for (auto const *member : {"value", "canonical", "type", "known", "hits"})
    CHECK_MESSAGE(answer.contains(member), member);
  CHECK(answer.at("type") == "domain");
  auto const &hit = answer.at("hits").as_array().at(0).as_object();
  for (auto const *member : {"match", "source", "report", "first_seen", "last_seen", "count", "confidence", "role",
                             "direction", "evidence", "collected_by", "to_ids", "tags", "tlp", "member", "assessment"})
    CHECK_MESSAGE(hit.contains(member), member);
  CHECK(hit.at("source") == "analyst/ann");
  CHECK(hit.at("report") == "Winter botnet");
  CHECK(hit.at("role") == "c2");
  CHECK(hit.at("member") == "tower");
  auto const &assessment = hit.at("assessment").as_object();
  CHECK(assessment.at("strength") == "medium");
  CHECK(assessment.at("time_gap_days") == 2);
  CHECK(assessment.at("shared").as_array().empty());
  CHECK(assessment.at("sentence") == "Observed by one source (analyst/ann), last 2 days ago.");
}

TEST_CASE("a malformed value is answered with null for form and type, and a reason") {
  auto node = Node{};
  auto const answer = as_json(node.ask("\xff\xfe not text"));
  CHECK(answer.at("canonical").is_null());
  CHECK(answer.at("type").is_null());
  CHECK(answer.at("known") == false);
  CHECK_FALSE(answer.at("reason").as_string().empty());
}

TEST_CASE("a value that very many name carries a capped list of hits and tells how many were left out") {
  auto node = Node{};
  for (auto i = std::size_t{0}; i < kMaxHitsOfValue + 7; ++i)
    node.indicators.add({model::ValueType::ip, "198.51.100.7"}, node.context("s", model::Evidence::observed));
  auto const answer = node.ask("198.51.100.7");
  CHECK(answer.hits.size() == kMaxHitsOfValue);
  CHECK(answer.hits_left_out == 7);
  CHECK(as_json(answer).at("hits_left_out") == 7);
}

TEST_CASE("of very many hits the strongest is kept, wherever it stands") {
  auto node = Node{};
  for (auto i = std::size_t{0}; i < kMaxHitsOfValue + 7; ++i)
    node.indicators.add({model::ValueType::ip, "198.51.101.7"}, node.context("s", model::Evidence::claimed));
  node.indicators.add({model::ValueType::ip, "198.51.101.7"}, node.context("z", model::Evidence::verified));
  auto const answer = node.ask("198.51.101.7");
  CHECK(answer.hits_left_out == 8);
  CHECK(answer.hits.back().named.source == "z");
}

TEST_CASE("a reader does not see what is marked RED") {
  auto node = Node{};
  auto context = node.context("analyst/ann", model::Evidence::observed);
  context.tlp = model::Tlp::red;
  node.indicators.add({model::ValueType::domain, "red.example.com"}, context);
  CHECK_FALSE(node.ask("red.example.com", model::UserRole::reader).known());
  CHECK(node.ask("red.example.com", model::UserRole::analyst).known());
}
