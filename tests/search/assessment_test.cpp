#include "search/assessment.hpp"

#include <doctest/doctest.h>

#include "search/fixture.hpp"

using namespace noroshi;
using namespace noroshi::search;
using model::Evidence;
using model::MatchKind;

namespace {

auto domain(std::string text) -> model::Value { return {model::ValueType::domain, std::move(text)}; }

auto hit(std::int64_t source, Evidence evidence, int days_ago = 0, MatchKind match = MatchKind::exact) -> NamedHit {
  auto named = NamedHit{};
  named.hit.match = match;
  named.hit.indicator = domain("bad.example.com");
  named.hit.context.source = {source};
  named.hit.context.evidence = evidence;
  named.hit.context.last_seen = Time{std::chrono::days{1000 - days_ago}};
  named.source = fmt::format("source {}", source);
  return named;
}

auto first(std::vector<NamedHit> const &hits, model::Value const &asked = domain("bad.example.com")) -> Assessment {
  return assess(asked, hits, Time{std::chrono::days{1000}}).at(0);
}

}  // namespace

TEST_CASE("what an attacker only claimed is weak, however many claimed it") {
  CHECK(first({hit(1, Evidence::claimed)}).strength == Strength::weak);
  CHECK(first({hit(1, Evidence::claimed), hit(2, Evidence::claimed)}).strength == Strength::weak);
  CHECK(first({hit(1, Evidence::claimed)}).reason.code == "claimed_only");
}

TEST_CASE("one observing source is medium, two are strong, and the same source twice counts once") {
  CHECK(first({hit(1, Evidence::observed)}).strength == Strength::medium);
  CHECK(first({hit(1, Evidence::observed), hit(1, Evidence::observed)}).strength == Strength::medium);
  auto const both = first({hit(1, Evidence::observed), hit(2, Evidence::observed)});
  CHECK(both.strength == Strength::strong);
  CHECK(both.reason.code == "observed_independently");
  CHECK(first({hit(1, Evidence::observed), hit(2, Evidence::claimed)}).strength == Strength::medium);
}

TEST_CASE("a verified hit is strong on its own") {
  CHECK(first({hit(1, Evidence::verified)}).strength == Strength::strong);
}

TEST_CASE("a domain above the name is weak unless its scope is the subtree") {
  auto above = hit(1, Evidence::verified, 0, MatchKind::parent);
  CHECK(first({above}).strength == Strength::weak);
  CHECK(first({above}).reason.code == "parent_only");
  above.hit.context.scope = model::Scope::subtree;
  CHECK(first({above}).strength == Strength::strong);
}

TEST_CASE("a second source that knows only the domain above does not make a hit independent") {
  CHECK(first({hit(1, Evidence::observed), hit(2, Evidence::observed, 0, MatchKind::parent)}).strength ==
        Strength::medium);
}

TEST_CASE("a part of a URL weighs one step less") {
  CHECK(first({hit(1, Evidence::verified, 0, MatchKind::url_no_query)}).strength == Strength::medium);
  CHECK(first({hit(1, Evidence::observed, 0, MatchKind::url_prefix)}).strength == Strength::weak);
}

TEST_CASE("what was last seen more than 180 days ago weighs one step less, and the gap is told in days") {
  auto const young = first({hit(1, Evidence::verified, 180)});
  CHECK(young.strength == Strength::strong);
  CHECK(young.time_gap_days == 180);
  auto const old = first({hit(1, Evidence::verified, 181)});
  CHECK(old.strength == Strength::medium);
  CHECK(old.reason.code == "old");
  CHECK(first({hit(1, Evidence::observed, 5), hit(2, Evidence::observed)}).time_gap_days == 5);
  CHECK(first({hit(1, Evidence::observed, -3)}).time_gap_days == 0);
}

TEST_CASE("an address that stands for many is weak and says why") {
  auto const loopback = model::Value{model::ValueType::ip, "127.0.0.1"};
  auto const assessment = first({hit(1, Evidence::verified)}, loopback);
  CHECK(assessment.strength == Strength::weak);
  CHECK(assessment.shared == std::vector<std::string>{"special_purpose"});
  CHECK(first({hit(1, Evidence::verified)}, {model::ValueType::ip, "8.8.8.8"}).shared.empty());
}

TEST_CASE("an address that many share weighs less, and the sentence says whose list says so") {
  auto listed = Listed{};
  listed.flags = {{model::FlagKind::cloud, "Example cloud", "2026-11-20"},
                  {model::FlagKind::tor, "Exits", "2026-11-21"}};
  auto const asked = model::Value{model::ValueType::ip, "8.8.4.4"};
  auto const hits = std::vector{hit(1, Evidence::verified)};
  auto const now = Time{std::chrono::days{1000}};
  auto const shared = assess(asked, hits, now, listed).at(0);
  CHECK(shared.strength == Strength::weak);
  CHECK(shared.shared == std::vector<std::string>{"tor", "cloud"});
  CHECK(shared.reason.code == "shared_tor");
  for (auto const *language : {"en", "ja"}) {
    auto const sentence = test::texts().text(language, shared.reason);
    CHECK_MESSAGE((sentence.contains("Exits") && sentence.contains("2026-11-21") && !sentence.contains('{')), sentence);
  }
  listed.flags = {{model::FlagKind::scanner, "Scanners", "2026-11-20"}};  // one party, whoever it is
  CHECK(assess(asked, hits, now, listed).at(0).strength == Strength::strong);
  CHECK(assess(asked, hits, now, listed).at(0).shared.empty());
}

TEST_CASE("every flag that makes an address shared has its sentence in every language") {
  for (auto kind = std::size_t{0}; kind < model::kFlagKinds; ++kind) {
    auto listed = Listed{};
    listed.flags = {{static_cast<model::FlagKind>(kind), "A list", "2026-11-20"}};
    auto const shared = assess(domain("bad.example.com"), std::vector{hit(1, Evidence::observed)},
                               Time{std::chrono::days{1000}}, listed)
                            .at(0);
    for (auto const *language : {"en", "ja"})
      CHECK(test::texts().text(language, shared.reason).contains(shared.shared.empty() ? "source 1" : "A list"));
  }
}

TEST_CASE("what is never to be blocked is weak and names the list") {
  auto listed = Listed{};
  listed.never = understand::NeverReason{"Top sites", "example.com"};
  auto const kept =
      assess(domain("www.example.com"), std::vector{hit(1, Evidence::verified)}, Time{std::chrono::days{1000}}, listed)
          .at(0);
  CHECK(kept.strength == Strength::weak);
  CHECK(kept.reason.code == "never_listed");
  for (auto const *language : {"en", "ja"}) CHECK(test::texts().text(language, kept.reason).contains("Top sites"));
}
