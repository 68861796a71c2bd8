// What answers for a value, and look-ups beside a writer.
#include <atomic>
#include <thread>

#include "tests/know/indicators_fixture.hpp"

namespace noroshi {
namespace {

using namespace test;

auto matches(model::IndicatorStore &store, std::string_view asked) -> std::string {
  auto text = std::string{};
  for (auto const &hit : look_up(store, asked))
    text += fmt::format("{} {}, ", to_string(hit.match), hit.indicator.text);
  return text;
}

TEST_CASE("an address is known by itself and by every block around it, the longest first") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  REQUIRE(store->apply({.stream = "intake",
                        .position = 1,
                        .writes = {write("198.51.0.0/16"), write("198.51.100.0/24"), write("198.51.100.7"),
                                   write("198.51.101.0/24"), write("2001:db8::/32")}}));
  CHECK(matches(*store, "198.51.100.7") == "exact 198.51.100.7, range 198.51.100.0/24, range 198.51.0.0/16, ");
  CHECK(matches(*store, "198.51.100.8") == "range 198.51.100.0/24, range 198.51.0.0/16, ");
  CHECK(matches(*store, "198.51.100.0/24") == "exact 198.51.100.0/24, range 198.51.0.0/16, ");
  CHECK(matches(*store, "2001:db8::1") == "range 2001:db8::/32, ");
  CHECK(matches(*store, "198.52.0.1").empty());
}

TEST_CASE("a name is known by the names above it, whatever their scope, but never by a public suffix") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  auto subtree = write("b.example.com");
  subtree.context.scope = model::Scope::subtree;
  REQUIRE(store->apply({.stream = "intake",
                        .position = 1,
                        .writes = {subtree, write("example.com"), write("com"), write("github.io")}}));
  CHECK(matches(*store, "a.b.example.com") == "parent b.example.com, parent example.com, ");
  CHECK(matches(*store, "b.example.com") == "exact b.example.com, parent example.com, ");
  CHECK(look_up(*store, "a.b.example.com")[0].context.scope == model::Scope::subtree);
  CHECK(look_up(*store, "a.b.example.com")[1].context.scope == model::Scope::exact);
  CHECK(matches(*store, "somebody.github.io").empty());
  CHECK(matches(*store, "notexample.com").empty());
}

TEST_CASE("a URL is known by itself, without its query, and by the folders of its path") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  REQUIRE(store->apply({.stream = "intake",
                        .position = 1,
                        .writes = {write("http://example.com/a/b/x.sh?id=1"), write("http://example.com/a/b/x.sh"),
                                   write("http://example.com/a/"), write("http://example.com/c/")}}));
  CHECK(matches(*store, "http://example.com/a/b/x.sh?id=1") ==
        "exact http://example.com/a/b/x.sh?id=1, url_no_query http://example.com/a/b/x.sh, "
        "url_prefix http://example.com/a/, ");
  CHECK(matches(*store, "http://example.com/d/x.sh").empty());
}

TEST_CASE("a batch is answered in the order asked, repeated and unknown values included") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = {write("a.example"), write("b.example")}}));
  auto const asked = std::array{value("b.example"), value("none.example"), value("a.example"), value("b.example")};
  auto const answered = store->look_up(asked, reader(), kNow);
  REQUIRE(answered);
  auto counts = std::string{};
  for (auto const &hits : *answered) counts += hits.empty() ? "- " : hits[0].indicator.text + " ";
  CHECK(counts == "b.example - a.example b.example ");
  CHECK(store->look_up({}, reader(), kNow)->empty());
}

TEST_CASE("look-ups beside a writer see whole commits only") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  constexpr auto kCommits = std::uint64_t{150};
  auto done = std::atomic{false};
  auto torn = std::atomic{0};
  auto failed = std::atomic{0};
  auto const ask = [&] {
    auto const pair = std::array{value("a.example"), value("b.example")};
    while (!done) {
      auto const answered = store->look_up(pair, reader(), kNow);
      if (!answered) {
        ++failed;
        continue;
      }
      auto const count = [&](std::size_t i) { return answered->at(i).empty() ? 0 : answered->at(i)[0].context.count; };
      if (count(0) != count(1)) ++torn;
    }
  };
  // More threads than the store has connections, so that some wait for one.
  auto readers = std::vector<std::jthread>{};
  for (auto i = 0; i < 12; ++i) readers.emplace_back(ask);
  for (auto position = std::uint64_t{1}; position <= kCommits; ++position)
    CHECK(store->apply({.stream = "intake", .position = position, .writes = {write("a.example"), write("b.example")}}));
  done = true;
  readers.clear();
  CHECK(torn == 0);
  CHECK(failed == 0);
  CHECK(look_up(*store, "a.example")[0].context.count == kCommits);
}

TEST_CASE("digits that may be an MD5, an imphash, a JA3 or a HASSH find all four, and with a type only that") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  auto const digest = std::string{"e7d705a3286e19ea42f587b344ee6865"};
  auto commit = model::IndicatorCommit{.stream = "intake", .position = 1};
  using model::ValueType;
  for (auto const type : {ValueType::hassh, ValueType::ja3, ValueType::imphash, ValueType::md5}) {
    auto one = write("example.com", static_cast<std::int64_t>(type));
    one.indicator = {type, digest};
    commit.writes.push_back(one);
  }
  REQUIRE(store->apply(commit));
  auto const asked = [&](model::Value const &value) {
    auto const found = store->look_up(std::span{&value, 1}, reader(), kNow);
    REQUIRE(found);
    auto types = std::vector<ValueType>{};
    for (auto const &hit : found->front()) {
      CHECK(hit.match == model::MatchKind::exact);
      CHECK(hit.context.source.number == static_cast<std::int64_t>(hit.indicator.type));
      types.push_back(hit.indicator.type);
    }
    return types;
  };
  CHECK(asked(*model::parse_value(digest)) ==
        std::vector{ValueType::md5, ValueType::imphash, ValueType::ja3, ValueType::hassh});
  CHECK(asked(*model::parse_value("ja3:" + digest)) == std::vector{ValueType::ja3});
  CHECK(asked({ValueType::mutex, digest}).empty());
}

}  // namespace
}  // namespace noroshi
