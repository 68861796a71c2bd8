// What no hash answers: scans of the engine beside a walk over everything with the plain condition.
#include <map>
#include <set>

#include "tests/know/indicators_random.hpp"

namespace noroshi {
namespace {

using namespace test;
using Texts = std::set<std::string>;

/// Everything that one question lists, over its pages and all slices; each value once.
auto scanned(model::IndicatorStore &store, model::IndicatorFilter filter, std::size_t limit = 100,
             std::uint32_t slices = 1, std::uint64_t examine = ~std::uint64_t{0})
    -> std::map<model::Value, std::size_t> {
  auto all = std::map<model::Value, std::size_t>{};
  filter.examine = examine;
  for (auto slice = std::uint32_t{0}; slice < slices; ++slice) {
    filter.slice = {slice, slices};
    for (auto cursor = std::optional<std::string>{""}; cursor;) {
      auto const page = store.list(filter, *cursor, limit, reader(), kNow);
      if (!page) FAIL(page.error().sentence);
      for (auto const &one : page->listed) {
        CHECK(all.emplace(one.indicator, one.contexts.size()).second);
        CHECK_FALSE(one.contexts.empty());
      }
      cursor = page->next;
    }
  }
  return all;
}

auto condition(std::string_view in, std::string_view below, std::string_view containing) -> model::IndicatorFilter {
  auto parsed = model::parse_condition(in, below, containing);
  if (!parsed) FAIL(parsed.error().sentence);
  return {.value = *std::move(parsed)};
}

auto texts(std::map<model::Value, std::size_t> const &found) -> Texts {
  auto texts = Texts{};
  for (auto const &[value, contexts] : found) texts.insert(value.text);
  return texts;
}

auto of(model::ValueType type, std::string_view text) -> model::IndicatorWrite {
  auto one = write("192.0.2.1");
  auto canonical = model::canonical(type, text);
  if (!canonical) FAIL(canonical.error().sentence);
  one.indicator = *std::move(canonical);
  return one;
}

/// Values of every kind that look alike to a careless condition.
auto world() -> std::vector<model::IndicatorWrite> {
  auto writes = std::vector<model::IndicatorWrite>{};
  for (auto const *const text : {"192.0.2.1",
                                 "192.0.2.255",
                                 "192.0.3.1",
                                 "192.0.2.0/24",
                                 "192.0.2.128/25",
                                 "192.0.0.0/16",
                                 "0.0.0.0/1",
                                 "2001:db8::1",
                                 "2001:db8:1::1",
                                 "2001:db9::1",
                                 "2001:db8::/32",
                                 "2001:db8:ffff::/48",
                                 "2001::/16",
                                 "example.com",
                                 "a.example.com",
                                 "b.a.example.com",
                                 "notexample.com",
                                 "example.com.evil.net",
                                 "192-0-2-1.example.net",
                                 "http://example.com/a.php",
                                 "http://www.example.com/Gate.php?x=EXAMPLE.com",
                                 "http://192.0.2.1/x",
                                 "http://evil.net/example.com",
                                 "http://notexample.com/",
                                 "https://[2001:db8::1]/"})
    writes.push_back(write(text));
  writes.push_back(of(model::ValueType::email, "Ann.Example@example.com"));
  writes.push_back(of(model::ValueType::email, "bob@sub.example.com"));
  writes.push_back(of(model::ValueType::email, "example.com@evil.net"));
  writes.push_back(of(model::ValueType::md5, "d41d8cd98f00b204e9800998ecf8427e"));
  writes.push_back(of(model::ValueType::sha256, std::string(60, 'a') + "c0de"));
  return writes;
}

TEST_CASE("a scan finds addresses and blocks in a range, of its own family, not what lies around it") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = world()}));
  CHECK(texts(scanned(*store, condition("192.0.2.0/24", "", ""))) ==
        Texts{"192.0.2.1", "192.0.2.255", "192.0.2.0/24", "192.0.2.128/25"});
  CHECK(texts(scanned(*store, condition("192.0.2.1", "", ""))) == Texts{"192.0.2.1"});
  CHECK(texts(scanned(*store, condition("2001:db8::/32", "", ""))) ==
        Texts{"2001:db8::1", "2001:db8:1::1", "2001:db8::/32", "2001:db8:ffff::/48"});
  CHECK(texts(scanned(*store, condition("0.0.0.0/0", "", ""))) ==
        Texts{"192.0.2.1", "192.0.2.255", "192.0.3.1", "192.0.2.0/24", "192.0.2.128/25", "192.0.0.0/16", "0.0.0.0/1"});
}

TEST_CASE("a scan finds a domain, what is below it, and URLs and e-mail addresses there, at the borders of labels") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = world()}));
  for (auto const *const spelled : {"example.com", "*.Example[.]com", ".example.com"})
    CHECK(texts(scanned(*store, condition("", spelled, ""))) ==
          Texts{"example.com", "a.example.com", "b.a.example.com", "http://example.com/a.php",
                "http://www.example.com/Gate.php?x=EXAMPLE.com", "Ann.Example@example.com", "bob@sub.example.com"});
  auto urls = condition("", "example.com", "");
  urls.types = {model::ValueType::url};
  CHECK(scanned(*store, urls).size() == 2);
}

TEST_CASE("a scan finds text wherever it stands, in either case where the type does not tell cases apart") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = world()}));
  CHECK(texts(scanned(*store, condition("", "", "NOTexample"))) == Texts{"notexample.com", "http://notexample.com/"});
  CHECK(texts(scanned(*store, condition("", "", "Gate.php"))).size() == 1);
  CHECK(scanned(*store, condition("", "", "gate.php")).empty());
  CHECK(texts(scanned(*store, condition("", "", "WWW.Example.com/Gate"))).size() == 1);
  CHECK(texts(scanned(*store, condition("", "", "EXAMPLE.com"))).size() == 10);
  CHECK(texts(scanned(*store, condition("", "", "41D8CD98F"))) == Texts{"d41d8cd98f00b204e9800998ecf8427e"});
  CHECK(texts(scanned(*store, condition("", "", "ac0de"))).size() == 1);
  CHECK(texts(scanned(*store, condition("", "", "2.0/2"))) == Texts{"192.0.2.0/24"});
  CHECK(texts(scanned(*store, condition("", "", ":db8::"))).contains("2001:db8::/32"));
  CHECK(texts(scanned(*store, condition("192.0.0.0/8", "", "255"))) == Texts{"192.0.2.255"});
}

TEST_CASE("whatever is asked of random stores, in pages and slices of any size, the answer is that of a plain filter") {
  auto folder = TemporaryFolder{};
  for (auto seed = std::uint64_t{1}; seed <= 12; ++seed) {
    auto world_of_it = RandomWorld{seed};
    auto store = open_store(folder / fmt::format("indicators{}", seed));
    for (auto position = 1U; position <= 60; ++position) REQUIRE(store->apply(world_of_it.commit("intake", position)));
    if (seed % 2 == 0) REQUIRE(store->apply({.stream = "catalogue", .position = 1, .writes = world()}));
    auto everything = std::map<model::Value, std::size_t>{};
    auto const page = store->list({}, "", 10'000, reader(), kNow);
    REQUIRE(page);
    for (auto const &one : page->listed) everything.emplace(one.indicator, one.contexts.size());
    for (auto round = 0; round < 40; ++round) {
      auto filter = condition(
          world_of_it.one_of({"", "", "203.0.0.0/16", "203.0.1.0/30", "2001:db8::/47", "192.0.2.0/24", "::/0"}),
          world_of_it.one_of({"", "", "example.com", "a.example.com", "github.io", "co.jp"}),
          world_of_it.one_of({"", "", "a.", "0", "B.", "db8:1", "mple", "e"}));
      if (filter.value.is_empty()) continue;
      auto expected = everything;
      std::erase_if(expected, [&](auto const &one) { return !model::meets(filter.value, one.first); });
      auto const limit = world_of_it.one_of({1, 2, 7, 1000});
      auto const slices = world_of_it.one_of({1U, 2U, 3U, 16U});
      auto const examine = world_of_it.one_of<std::uint64_t>({1, 5, 60, ~std::uint64_t{0}});
      CAPTURE(seed);
      CAPTURE(filter.value.below);
      CAPTURE(filter.value.containing);
      CAPTURE(limit);
      CAPTURE(slices);
      CAPTURE(examine);
      CHECK(scanned(*store, filter, static_cast<std::size_t>(limit), slices, examine) == expected);
    }
  }
}

TEST_CASE("a page of a scan ends after so many were looked at, and says how many") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  auto commit = model::IndicatorCommit{.stream = "intake", .position = 1};
  for (auto i = 0; i < 20'000; ++i) commit.writes.push_back(write(fmt::format("n{}.example.com", i)));
  REQUIRE(store->apply(commit));
  auto filter = condition("", "", "n19999.");
  filter.examine = 1'000;
  auto examined = std::uint64_t{0};
  auto pages = 0;
  auto found = 0;
  for (auto cursor = std::optional<std::string>{""}; cursor; ++pages) {
    auto const page = store->list(filter, *cursor, 10, reader(), kNow);
    REQUIRE(page);
    CHECK(page->examined < 1'500);
    examined += page->examined;
    found += static_cast<int>(page->listed.size());
    cursor = page->next;
  }
  CHECK(found == 1);
  CHECK(examined == 20'000);
  CHECK(pages >= 19);
  CHECK(store->list({.slice = {3, 3}}, "", 1, reader(), kNow).error().code == ErrorCode::malformed);
}

TEST_CASE("a scan lists what the viewer may see, not expired, of sources that still say so") {
  auto folder = TemporaryFolder{};
  auto store = open_store(folder / "indicators");
  auto red = write("192.0.2.1");
  red.context.tlp = model::Tlp::red;
  auto old = write("192.0.2.2");
  old.context.expiry = kNow;
  REQUIRE(store->apply({.stream = "intake",
                        .position = 1,
                        .writes = {red, old, write("192.0.2.3", 3), write("192.0.2.4"), write("192.0.2.4", 2)}}));
  REQUIRE(store->apply({.stream = "intake", .position = 2, .raised = {model::SourceId{3}}}));
  auto const found = scanned(*store, condition("192.0.2.0/24", "", ""));
  REQUIRE(texts(found) == Texts{"192.0.2.4"});
  CHECK(found.begin()->second == 2);
}

}  // namespace
}  // namespace noroshi
