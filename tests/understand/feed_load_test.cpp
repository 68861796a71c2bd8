// Loads of feeds over stores in memory: what is replaced and what is not, whose markings hold, who makes way.
#include <doctest/doctest.h>

#include "support/fake_catalogue.hpp"
#include "support/fake_stores.hpp"
#include "understand/feed_desk.hpp"

using namespace noroshi;
using understand::FeedLoad;
using understand::FeedOrder;
using understand::FeedOutcome;
using understand::OlderEntries;

namespace {

struct Fixture {
  test::FakeIndicators indicators;
  test::FakeCatalogue catalogue;
  ManualClock clock{Time{std::chrono::days{20'000}}};
  std::size_t most_facts = understand::kMaxFeedFacts;

  auto viewer(std::string_view name = "admin") {
    return *catalogue.authenticate("nrs_" + std::string{name}, clock.now());
  }
  auto load(FeedOrder order, std::string_view bytes, std::string_view file = "list.txt") -> Result<FeedOutcome> {
    TRY(auto load, FeedLoad::create(std::move(order), {indicators, catalogue, clock, most_facts}, viewer()));
    TRY_VOID(load->begin_file(file));
    TRY_VOID(load->read(bytes));
    TRY_VOID(load->end_file());
    return load->finish();
  }
  auto replace(std::string format, std::string_view bytes, bool even_if_smaller = false) -> Result<FeedOutcome> {
    auto order = plain();
    order.format = std::move(format);
    order.older = OlderEntries::replaced;
    order.even_if_smaller = even_if_smaller;
    return load(std::move(order), bytes, "bundle.json");
  }
  static auto plain() -> FeedOrder { return {.format = "plain", .source = "daily", .columns = {}, .tags = {}}; }

  [[nodiscard]] auto values() const -> std::string {
    auto texts = std::vector<std::string>{};
    for (auto const &hit : indicators.hits) texts.push_back(hit.indicator.text);
    std::ranges::sort(texts);
    auto all = std::string{};
    for (auto const &text : texts) all += (all.empty() ? "" : " ") + text;
    return all;
  }
  [[nodiscard]] auto context(std::string_view value) const -> model::Context {
    for (auto const &hit : indicators.hits)
      if (hit.indicator.text == value) return hit.context;
    FAIL("no " << value);
    return {};
  }
  [[nodiscard]] auto audited() const {
    return std::ranges::count(catalogue.log, "feed.load", &model::AuditEntry::action);
  }
};

auto bundle(int values, bool is_cut = false) -> std::string {
  auto text = std::string{R"({"type":"bundle","id":"bundle--1","objects":[)"};
  for (auto i = 0; i < values; ++i)
    text += fmt::format(R"({}{{"type":"indicator","id":"indicator--{}","pattern":"[ipv4-addr:value = '192.0.2.{}']"}})",
                        i == 0 ? "" : ",", i, i);
  return is_cut ? text : text + "]}";
}

}  // namespace

TEST_CASE("what is no feed at all is not put in the place of one") {
  auto fixture = Fixture{};
  REQUIRE(fixture.replace("plain", "192.0.2.1\n192.0.2.2\n"));
  auto const page = fixture.replace("plain", "<html>\n<body>Service unavailable</body>\n</html>\n");
  REQUIRE_FALSE(page);
  CHECK(page.error().code == ErrorCode::malformed);
  CHECK(page.error().sentence.contains("what it said before stands"));
  CHECK(page.error().sentence.contains("line 1"));
  CHECK_FALSE(fixture.replace("plain", ""));
  CHECK_FALSE(fixture.replace("plain", "<html>\n", true));
  CHECK(fixture.values() == "192.0.2.1 192.0.2.2");
  CHECK(fixture.audited() == 1);
  // A feed that is empty by now is one, where somebody says so.
  CHECK(fixture.replace("plain", "# nothing today\n", true));
  CHECK(fixture.values().empty());
}

TEST_CASE("a file that is cut off does not replace a feed, but adds what was read of it") {
  auto fixture = Fixture{};
  REQUIRE(fixture.replace("stix", bundle(4)));
  auto const cut = fixture.replace("stix", bundle(6, true), true);
  REQUIRE_FALSE(cut);
  CHECK(cut.error().code == ErrorCode::malformed);
  CHECK(cut.error().sentence.contains("bundle.json: a bundle that is cut off"));
  CHECK(fixture.indicators.hits.size() == 4);
  auto order = Fixture::plain();
  order.format = "stix";
  auto const added = fixture.load(order, bundle(6, true));
  REQUIRE(added);
  CHECK(added->values == 6);
  CHECK(added->refused.reasons().begin()->second.examples.at(0).sentence.contains("6 values of the file"));
}

TEST_CASE("what has fewer than half as many values as before does not replace a feed, unless it is said") {
  auto fixture = Fixture{};
  REQUIRE(fixture.replace("stix", bundle(10)));
  auto const smaller = fixture.replace("plain", "192.0.2.1\n192.0.2.2\n192.0.2.3\n192.0.2.4\n");
  REQUIRE_FALSE(smaller);
  CHECK(smaller.error().code == ErrorCode::conflict);
  CHECK(smaller.error().sentence.contains("4 values where it had 10"));
  CHECK(smaller.error().sentence.contains("--even-if-smaller"));
  CHECK(fixture.indicators.hits.size() == 10);
  CHECK(fixture.replace("stix", bundle(5)));
  CHECK(fixture.replace("plain", "192.0.2.1\n192.0.2.2\n", true));
  CHECK(fixture.values() == "192.0.2.1 192.0.2.2");
}

TEST_CASE("a feed of several files is not replaced where one of them is empty, unless it is said") {
  auto fixture = Fixture{};
  REQUIRE(fixture.replace("plain", "192.0.2.1\n192.0.2.2\n"));
  auto const two_files = [&](std::string format, std::string_view second, bool even_if_smaller) -> Result<FeedOutcome> {
    auto order = Fixture::plain();
    order.format = std::move(format);
    order.older = OlderEntries::replaced;
    order.even_if_smaller = even_if_smaller;
    TRY(auto load,
        FeedLoad::create(std::move(order), {fixture.indicators, fixture.catalogue, fixture.clock}, fixture.viewer()));
    TRY_VOID(load->begin_file("one"));
    TRY_VOID(load->read(load->so_far().format == "plain" ? "192.0.2.3\n192.0.2.4" : bundle(2)));
    TRY_VOID(load->begin_file("two"));  // ends the one before, with its unfinished line
    TRY_VOID(load->read(second));
    return load->finish();
  };
  auto const refused = two_files("plain", "", false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().sentence.contains("two: an empty file"));
  CHECK(refused.error().sentence.contains("--even-if-smaller"));
  CHECK(two_files("stix", R"({"error":"too many requests"})", false).error().sentence.contains("without a list"));
  CHECK(fixture.values() == "192.0.2.1 192.0.2.2");
  auto const taken = two_files("plain", "", true);
  REQUIRE(taken);
  CHECK(taken->values == 2);
  CHECK(taken->left_out.count() == 1);
  CHECK(fixture.values() == "192.0.2.3 192.0.2.4");
}

TEST_CASE("bytes that belong to no file end a load, whatever they are") {
  for (auto const bytes : {std::string_view{"192.0.2.1\n"},
                           std::string_view{"\xff\xfe"
                                            "1\0",
                                            4},
                           std::string_view{"<html>\n"}}) {
    auto fixture = Fixture{};
    auto desk = understand::FeedDesk{{fixture.indicators, fixture.catalogue, fixture.clock}};
    auto const admin = fixture.viewer();
    auto const id = desk.begin(Fixture::plain(), admin);
    REQUIRE(id);
    auto const part = understand::FeedPart{.number = 0, .file = {}, .bytes = bytes};
    CHECK(desk.take(*id, part, admin).error().code == ErrorCode::malformed);
    CHECK(desk.finish(*id, admin).error().code == ErrorCode::not_found);
    CHECK(fixture.values().empty());
  }
}

TEST_CASE("a marking is never loosened, also where a feed has more origins than are kept") {
  auto fixture = Fixture{};
  fixture.most_facts = 2;
  auto order = Fixture::plain();
  order.format = "csv";
  order.columns = "value=1,tlp=2,reference=3,role=4";
  order.tlp = model::Tlp::clear;
  auto const loaded = fixture.load(
      order,
      "192.0.2.1,green,r1,c2\n192.0.2.2,green,r2,c2\n192.0.2.3,red,r3,c2\n192.0.2.4,,r4,\n192.0.2.5,red,r5,c2\n");
  REQUIRE(loaded);
  CHECK(loaded->values == 5);
  CHECK(fixture.context("192.0.2.2").report.number != 0);
  CHECK(fixture.context("192.0.2.3").tlp == model::Tlp::red);
  CHECK(fixture.context("192.0.2.3").role == model::Role::c2);
  CHECK(fixture.context("192.0.2.3").report.number == 0);
  CHECK(fixture.context("192.0.2.4").tlp == model::Tlp::clear);
  CHECK(fixture.context("192.0.2.5").tlp == model::Tlp::red);
  CHECK(loaded->changed.count() == 3);
}

TEST_CASE("an import that adds tells where it cannot lower what was said before") {
  auto fixture = Fixture{};
  auto order = Fixture::plain();
  order.to_ids = true;
  order.confidence = 90;
  REQUIRE(fixture.load(order, "192.0.2.1\n192.0.2.2\n"));
  auto lower = Fixture::plain();
  lower.to_ids = false;
  lower.confidence = 10;
  auto const told = fixture.load(lower, "192.0.2.1\n192.0.2.3\n");
  REQUIRE(told);
  REQUIRE(told->changed.count() == 1);
  CHECK(told->changed.reasons().begin()->first.contains("--replace"));
  CHECK(told->changed.reasons().begin()->second.examples.at(0).text == "192.0.2.1");
  lower.older = OlderEntries::replaced;
  CHECK(fixture.load(lower, "192.0.2.1\n192.0.2.3\n")->changed.count() == 0);
  lower.source = "another";
  lower.older = OlderEntries::stay;
  CHECK(fixture.load(lower, "192.0.2.1\n")->changed.count() == 0);
}

TEST_CASE("a file in UTF-16 is told as that") {
  auto fixture = Fixture{};
  auto const loaded = fixture.load(Fixture::plain(), std::string_view{"\xff\xfe"
                                                                      "1\0.\0\n\0"
                                                                      "2\0.\0",
                                                                      12});
  REQUIRE(loaded);
  CHECK(loaded->values == 0);
  REQUIRE(loaded->refused.count() == 1);
  CHECK(loaded->refused.reasons().contains("in UTF-16"));
}

TEST_CASE("a load is audited once it stands, and one that stands is never told as failed") {
  auto fixture = Fixture{};
  fixture.indicators.before_storing = []() -> Result<void> { return fail(ErrorCode::unavailable, "no space"); };
  CHECK_FALSE(fixture.load(Fixture::plain(), "192.0.2.1\n"));
  CHECK(fixture.audited() == 0);
  fixture.indicators.before_storing = nullptr;
  REQUIRE(fixture.load(Fixture::plain(), "192.0.2.1\n"));
  CHECK(fixture.audited() == 1);
  fixture.catalogue.after_load = fail(ErrorCode::unavailable, "no space");
  CHECK(fixture.load(Fixture::plain(), "192.0.2.2\n"));
  CHECK(fixture.values() == "192.0.2.1 192.0.2.2");
}

TEST_CASE("a user's own load makes way once nothing comes of it any more, another user's does not") {
  auto fixture = Fixture{};
  auto desk = understand::FeedDesk{{fixture.indicators, fixture.catalogue, fixture.clock}};
  auto const admin = fixture.viewer();
  auto const first = desk.begin(Fixture::plain(), admin);
  REQUIRE(first);
  auto const busy = desk.begin(Fixture::plain(), admin);
  REQUIRE_FALSE(busy);
  CHECK(busy.error().code == ErrorCode::conflict);
  fixture.clock.advance(understand::kLoadIdle);
  CHECK(desk.begin(Fixture::plain(), fixture.viewer("analyst")).error().code == ErrorCode::conflict);
  auto const second = desk.begin(Fixture::plain(), admin);
  REQUIRE(second);
  CHECK(desk.finish(*first, admin).error().code == ErrorCode::not_found);
  CHECK(desk.finish(*second, admin));
}

TEST_CASE("a load that was given up is over, and its source free") {
  auto fixture = Fixture{};
  auto desk = understand::FeedDesk{{fixture.indicators, fixture.catalogue, fixture.clock}};
  auto const admin = fixture.viewer();
  auto const first = desk.begin(Fixture::plain(), admin);
  REQUIRE(desk.abandon(*first, admin));
  CHECK(desk.abandon(*first, admin).error().code == ErrorCode::not_found);
  CHECK(desk.begin(Fixture::plain(), admin));
  fixture.clock.advance(understand::kLoadPatience + std::chrono::seconds{1});
  desk.give_up_old();
  CHECK(desk.begin(Fixture::plain(), fixture.viewer("analyst")));
}
