#include "share/lists.hpp"

#include <set>

#include <doctest/doctest.h>

#include "codec/stix.hpp"
#include "share/feed.hpp"
#include "support/fake_stores.hpp"

using namespace noroshi;
using model::Direction;
using model::Evidence;
using model::Role;

namespace {

constexpr auto kNow = Time{std::chrono::days{20'000}};

auto attack(std::int64_t sensor = 1) -> model::Context {
  auto context = model::Context{};
  context.source = {sensor};
  context.role = Role::scanner;
  context.direction = Direction::inbound;
  context.evidence = Evidence::observed;
  context.first_seen = context.last_seen = kNow - std::chrono::hours{1};
  context.to_ids = true;
  context.expiry = kNow + std::chrono::days{1};
  return context;
}

auto download() -> model::Context {
  auto context = attack();
  context.role = Role::download;
  context.direction = Direction::outbound;
  context.collected_by = model::CollectedBy::report;
  return context;
}

auto rules() -> share::ListRules {
  auto made = share::list_rules(Config{}, {}, {});
  CHECK(made.open_sensors == 3);
  return made;
}

auto viewer(model::UserRole role = model::UserRole::reader) -> model::Viewer { return {{1}, "test", role, {1}}; }

auto list_named(std::string_view name) -> share::FeedName {
  auto const feed = share::parse_feed_name(name);
  REQUIRE(feed);
  return *feed;
}

auto selected(std::vector<model::Context> contexts, std::string_view list = "inbound-ips.txt",
              share::ListRules const &by = rules(), std::string_view value = "8.8.4.4", Time now = kNow) -> bool {
  auto const name = list_named(list);
  return share::select({*model::parse_value(value), std::move(contexts)}, *name.list, name.audience, by, now)
      .entry.has_value();
}

auto body_of(model::IndicatorStore &store, std::string_view name, share::ListRules const &by = rules(), Time now = kNow)
    -> std::string {
  auto changes_at = Time{};
  auto feed = share::make_feed(list_named(name), "Example", by, store, viewer(), now, changes_at);
  REQUIRE(feed);
  return feed->body;
}

}  // namespace

TEST_CASE("an inbound list takes who completed a handshake, and nobody for less") {
  CHECK(selected({attack()}));
  auto const without = [](auto change) {
    auto context = attack();
    change(context);
    return !selected({context});
  };
  CHECK(without([](auto &context) { context.evidence = Evidence::claimed; }));
  CHECK(without([](auto &context) { context.to_ids = false; }));
  CHECK(without([](auto &context) { context.role = Role::reference; }));
  CHECK(without([](auto &context) { context.role = Role::c2; }));
  CHECK(without([](auto &context) { context.direction = Direction::outbound; }));
  CHECK(without([](auto &context) { context.expiry = kNow; }));
}

TEST_CASE("a victim stands on no list, whatever else is said of it") {
  auto victim = attack();
  victim.role = Role::victim;
  CHECK_FALSE(selected({victim}));
  CHECK_FALSE(selected({attack(), victim}));
}

TEST_CASE("outbound lists take what controls or serves malware, with evidence") {
  CHECK(selected({download()}, "outbound-urls.txt", rules(), "http://bad.example.com/x"));
  CHECK(selected({download()}, "outbound-domains.csv", rules(), "bad.example.com"));
  auto claimed = download();
  claimed.evidence = Evidence::claimed;
  CHECK_FALSE(selected({claimed}, "outbound-domains.txt", rules(), "bad.example.com"));
  CHECK_FALSE(selected({attack()}, "outbound-ips.txt"));
}

TEST_CASE("an entry without an expiry of its own leaves a lifetime after it was last seen") {
  auto report = download();
  report.expiry.reset();
  auto const at_end = report.last_seen + rules().lifetime;
  auto const at = [&](Time now) {
    return selected({report}, "outbound-urls.txt", rules(), "http://bad.example.com/x", now);
  };
  CHECK(at(at_end - Duration{1}));
  CHECK_FALSE(at(at_end));
}

TEST_CASE("what the never-list names is on no list") {
  auto by = rules();
  by.never = [](model::Value const &value) { return value.text == "8.8.8.8"; };
  CHECK(selected({attack()}, "inbound-ips.txt", by, "8.8.4.4"));
  CHECK_FALSE(selected({attack()}, "inbound-ips.txt", by, "8.8.8.8"));
}

TEST_CASE("a public list waits for three sensors and for a delay that the address alone decides") {
  auto const name = "public-inbound-ips.txt";
  auto const late = kNow + std::chrono::days{1} - Duration{1};
  CHECK_FALSE(selected({attack(1), attack(2)}, name, rules(), "8.8.4.4", late));
  CHECK_FALSE(selected({attack(1), attack(2), attack(2)}, name, rules(), "8.8.4.4", late));
  CHECK(selected({attack(1), attack(2), attack(3)}, name, rules(), "8.8.4.4", late));
  auto foreign = attack(3);
  for (auto const by : {model::CollectedBy::report, model::CollectedBy::access_log}) {
    foreign.collected_by = by;
    CHECK_FALSE(selected({attack(1), attack(2), foreign}, name, rules(), "8.8.4.4", late));
  }
  auto strict = attack(3);
  strict.tlp = model::Tlp::amber_strict;
  CHECK_FALSE(selected({attack(1), attack(2), strict}, name, rules(), "8.8.4.4", late));

  auto delays = std::set<Duration>{};
  for (auto number = 1; number < 200; ++number) {
    auto contexts = std::vector{attack(1), attack(2), attack(3)};
    for (auto &context : contexts) context.first_seen = context.last_seen = kNow;
    auto const selection = share::select({*model::parse_value(fmt::format("8.8.4.{}", number)), contexts},
                                         *list_named(name).list, share::Audience::open, rules(), kNow);
    REQUIRE(selection.until);
    if (selection.entry) continue;
    auto const delay = *selection.until - kNow;
    CHECK(delay >= Duration{0});
    CHECK(delay <= std::chrono::minutes{15});
    delays.insert(delay);
  }
  CHECK(delays.size() > 150);
}

TEST_CASE("a public list tells nothing of an entry that a visit could move, and is marked to be passed on") {
  auto const body_with = [](auto change, std::string_view name, Duration later = {}) {
    auto store = test::FakeIndicators{};
    for (auto sensor = 1; sensor <= 4; ++sensor) {
      auto context = attack(sensor);
      context.first_seen = kNow - std::chrono::days{2};
      change(context);
      store.add(*model::parse_value("8.8.4.4"), context);
    }
    return body_of(store, name, rules(), kNow + later);
  };
  auto const visited = [](model::Context &context) {
    context.last_seen = kNow;
    context.expiry = kNow + std::chrono::days{30};
    context.count = 77;
    context.confidence = 95;
    context.tags = {"attack:T1110"};
  };
  for (auto const *const name : {"public-inbound-ips.txt", "public-inbound-ips.csv", "public-inbound-ips.stix.json"}) {
    CAPTURE(name);
    auto const before = body_with([](auto &) {}, name);
    CHECK(before == body_with(visited, name));
    CHECK(before == body_with(visited, name, std::chrono::hours{23}));
    CHECK(before.contains("8.8.4.4"));
    CHECK(before.contains(to_rfc3339(kNow + std::chrono::days{2})));
    CHECK_FALSE(before.contains("observed-data"));
  }
  CHECK(body_with(visited, "public-inbound-ips.txt").contains("\n# 1 entry; "));
  CHECK(body_with(visited, "public-inbound-ips.csv")
            .contains(fmt::format("8.8.4.4,ip,,,,,{},,,clear,", to_rfc3339(kNow + std::chrono::days{2}))));
  auto const stix = body_with(visited, "public-inbound-ips.stix.json");
  CHECK(stix.contains(codec::stix::marking_id(model::Tlp::clear)));
  CHECK_FALSE(stix.contains(codec::stix::marking_id(model::Tlp::amber)));
  CHECK(body_with(visited, "inbound-ips.csv").contains(",308,95,amber,attack:T1110"));
}

TEST_CASE("a public entry leaves its list when fewer sensors than wanted have seen it of late") {
  auto contexts = std::vector{attack(1), attack(2), attack(3), attack(4)};
  for (auto &context : contexts) context.first_seen = context.last_seen = kNow - std::chrono::days{2};
  contexts[0].expiry = kNow + std::chrono::hours{5};
  contexts[1].expiry = kNow + std::chrono::hours{7};
  auto const selection =
      share::select({*model::parse_value("8.8.4.4"), contexts}, *list_named("public-inbound-ips.txt").list,
                    share::Audience::open, rules(), kNow);
  REQUIRE(selection.entry);
  CHECK(selection.until == kNow + std::chrono::hours{7});
}

TEST_CASE("a summary for blocking rests on what carries the block, not on what is claimed besides") {
  auto claimed = download();
  claimed.collected_by = model::CollectedBy::decoy;
  claimed.evidence = Evidence::claimed;
  claimed.to_ids = false;
  claimed.expiry = kNow + std::chrono::days{90};
  claimed.confidence = 99;
  claimed.tags = {"attack:T1105"};
  auto const value = *model::parse_value("8.8.4.4");
  auto const both = share::summarise({value, {attack(), claimed}}, rules(), kNow);
  CHECK(both.blockable);
  CHECK(both.roles == std::vector{Role::scanner});
  CHECK(both.expires == kNow + std::chrono::days{1});
  CHECK(both.confidence == 50);
  CHECK(both.tags.empty());
  CHECK(both.count == 1);
  auto const alone = share::summarise({value, {claimed}}, rules(), kNow);
  CHECK_FALSE(alone.blockable);
  CHECK(alone.roles == std::vector{Role::download});
  auto by = rules();
  by.never = [](model::Value const &) { return true; };
  CHECK(share::summarise({value, {attack(), claimed}}, by, kNow).count == 2);
}

TEST_CASE("a feed holds exactly the entries, in order, and says the same as long as they are the same") {
  auto store = test::FakeIndicators{};
  for (auto const *const address : {"8.8.4.9", "8.8.4.4", "1.1.1.1"}) store.add(*model::parse_value(address), attack());
  store.add(*model::parse_value("http://bad.example.com/x"), download());
  auto const body = body_of(store, "inbound-ips.txt");
  CHECK(body.ends_with("1.1.1.1\n8.8.4.4\n8.8.4.9\n"));
  CHECK(body.starts_with("# Noroshi inbound-ips"));
  CHECK(body == body_of(store, "inbound-ips.txt", rules(), kNow + std::chrono::minutes{5}));
  CHECK(body_of(store, "outbound-urls.txt").ends_with("\nhttp://bad.example.com/x\n"));
  CHECK(body_of(store, "outbound-domains.txt").find("example") == std::string::npos);
  CHECK(body_of(store, "inbound-ips.csv").find("8.8.4.9,ip,scanner,observed,") != std::string::npos);
  CHECK(body_of(store, "inbound-ips.stix.json").find("[ipv4-addr:value = '8.8.4.9']") != std::string::npos);
}

TEST_CASE("a kept feed is made again when the store changed, or an entry expired, and not before") {
  auto store = test::FakeIndicators{};
  store.add(*model::parse_value("8.8.4.4"), attack());
  auto cache = share::FeedCache{};
  auto clock = ManualClock{kNow};
  auto const get = [&] {
    auto feed = cache.get(list_named("inbound-ips.txt"), "Example", rules(), store, viewer(), clock);
    REQUIRE(feed);
    return *feed;
  };
  auto const first = get();
  CHECK(first->entries == 1);
  store.add(*model::parse_value("8.8.4.5"), attack());
  store.cursors["intake"] = 1;
  CHECK(get()->entries == 1);
  clock.advance(std::chrono::seconds{2});
  auto const second = get();
  CHECK(second->entries == 2);
  CHECK(second->etag != first->etag);
  clock.advance(std::chrono::seconds{2});
  CHECK(get() == second);
  clock.advance(std::chrono::days{2});
  auto const last = get();
  CHECK(last->entries == 0);
  CHECK(last->modified == clock.now());
}

TEST_CASE("a name that is no list says which there are") {
  for (auto const *const name :
       {"", "x", "inbound-ips", "inbound-ips.exe", "public-", ".txt", "public-public-hashes.txt"}) {
    CAPTURE(name);
    auto const feed = share::parse_feed_name(name);
    REQUIRE_FALSE(feed);
    CHECK(feed.error().code == ErrorCode::not_found);
    CHECK(feed.error().sentence.find("outbound-urls") != std::string::npos);
  }
}
