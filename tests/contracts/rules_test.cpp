// Every rule of packs/rules finds its own probes, however they are spelled, and nothing else. Requests go the whole
// way: bytes to the http decoy, its note, the note's bytes, the rule.
#include <doctest/doctest.h>

#include <cstdlib>

#include "codec/http.hpp"
#include "sense/cast.hpp"
#include "support/http_probe.hpp"
#include "support/scripted_visit.hpp"
#include "understand/rules/rule_set.hpp"

namespace {

using namespace noroshi;
using understand::Rule;
using understand::RuleMatcher;
using understand::RuleSet;

constexpr auto kMutations = 20;
constexpr auto kOrdinary = 100'000;

/// Another seed by NOROSHI_SEED; a failure prints the one it was found with.
auto seed() -> std::uint64_t {
  auto const *const text = std::getenv("NOROSHI_SEED");
  return text == nullptr ? 20'261'121 : std::strtoull(text, nullptr, 10);
}

class Way {
public:
  Way() {
    auto cast = sense::Cast::create(NOROSHI_SOURCE_DIR "/packs/personas", "");
    REQUIRE_MESSAGE(cast, cast.error().sentence);
    cast_ = std::make_unique<sense::Cast>(*std::move(cast));
    auto rules = understand::read_rules(std::vector<std::string>{NOROSHI_SOURCE_DIR "/packs/rules"});
    REQUIRE_MESSAGE(rules, rules.error().sentence);
    auto set = RuleSet::create(*std::move(rules));
    REQUIRE_MESSAGE(set, set.error().sentence);
    set_ = std::make_unique<RuleSet>(*std::move(set));
    auto matcher = RuleMatcher::create(*set_);
    REQUIRE(matcher);
    matcher_ = std::make_unique<RuleMatcher>(*std::move(matcher));
  }

  [[nodiscard]] auto rules() const -> std::vector<Rule> const & { return set_->rules(); }

  /// The ids of the rules that fire on requests sent on one connection.
  auto fired(std::string_view bytes, std::size_t *requests = nullptr) -> std::vector<std::string> {
    auto visit = sense::test::ScriptedVisit{*cast_->find("http", ""), "http"};
    visit.start();
    visit.send(bytes);
    visit.close();
    auto ids = std::vector<std::string>{};
    auto const notes = visit.notes(model::Kind::request);
    if (requests != nullptr) *requests += notes.size();
    for (auto const &seen : notes)
      for (auto const *const rule : matcher_->match({seen.text(model::Field::method), seen.text(model::Field::path),
                                                     seen.text(model::Field::payload), seen.extra}))
        ids.push_back(rule->id);
    return ids;
  }

private:
  std::unique_ptr<sense::Cast> cast_;
  std::unique_ptr<RuleSet> set_;
  std::unique_ptr<RuleMatcher> matcher_;
};

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("each rule is found by its own probes and by no other's") {
  auto way = Way{};
  REQUIRE(way.rules().size() >= 40);
  for (auto const &rule : way.rules()) {
    CAPTURE(rule.id);
    REQUIRE_FALSE(rule.probes.empty());
    for (auto const &probe : rule.probes) {
      CAPTURE(probe);
      CHECK(way.fired(test::ProbeRequest::parse(probe).bytes()) == Ids{rule.id});
    }
  }
}

TEST_CASE("each rule is found by twenty other spellings of each of its probes") {
  auto way = Way{};
  auto const base = seed();
  for (auto const &rule : way.rules()) {
    for (auto const &probe : rule.probes) {
      for (auto i = 0; i < kMutations; ++i) {
        auto const number = base + static_cast<std::uint64_t>(i) * 7919 + std::hash<std::string>{}(probe);
        auto const bytes = test::Mutation{number}(test::ProbeRequest::parse(probe));
        CAPTURE(base);
        CAPTURE(bytes);
        CHECK(way.fired(bytes) == Ids{rule.id});
      }
    }
  }
}

TEST_CASE("no rule is found by a hundred thousand ordinary requests") {
  auto way = Way{};
  auto const base = seed();
  auto ordinary = test::OrdinaryRequests{base};
  auto requests = std::size_t{0};
  constexpr auto kEach = 20;  // on one connection
  for (auto i = 0; i < kOrdinary / kEach; ++i) {
    auto bytes = std::string{};
    for (auto j = 0; j < kEach; ++j) bytes += ordinary.next().bytes();
    auto const fired = way.fired(bytes, &requests);
    CAPTURE(base);
    CAPTURE(bytes);
    REQUIRE(fired == Ids{});
  }
  CHECK(requests == kOrdinary);
}

TEST_CASE("each rule says what it is about") {
  auto way = Way{};
  for (auto const &rule : way.rules()) {
    CAPTURE(rule.id);
    CHECK_FALSE(rule.references.empty());
    CHECK_FALSE(rule.product.empty());
    CHECK_FALSE(rule.tags.empty());
  }
}
