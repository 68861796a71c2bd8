#include "understand/where.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/file.hpp"
#include "codec/range_file.hpp"
#include "tests/support/mmdb_writer.hpp"
#include "tests/support/temporary_folder.hpp"
#include "understand/where/list_store.hpp"

namespace noroshi::understand {
namespace {

using test::MmdbWriter;
using test::TemporaryFolder;
using Map = test::MmdbValue::Map;

void write(std::string const &path, std::string_view bytes) { REQUIRE(write_file_durably(path, bytes)); }
auto ip(std::string_view text) -> model::IpAddress { return *model::IpAddress::parse(text); }
auto text(std::string value) -> test::MmdbValue { return {std::move(value)}; }

/// Everything by configuration, nothing that the product ships.
auto open(TemporaryFolder const &folder, std::vector<std::string> settings) -> std::unique_ptr<Where> {
  auto const config = Config::load(folder / "none.toml", false, settings);
  REQUIRE(config);
  auto where = Where::create({{}, {}, folder / "lists"}, *config);
  INFO((where ? std::string{} : where.error().sentence));
  REQUIRE(where);
  return *std::move(where);
}
auto source(Where const &where, std::string_view what) -> WhereSource {
  for (auto const &one : where.sources())
    if (one.what == what) return one;
  FAIL("no entry for ", what);
  return {};
}

}  // namespace

TEST_CASE("country and network are read from each layout of the field") {
  auto const folder = TemporaryFolder{};
  struct Layout {
    std::string_view what;
    Map record;
    std::string country;
    std::uint32_t asn;
    std::string network;
  };
  auto const layouts = std::vector<Layout>{
      {"MaxMind country", {{"country", {Map{{"iso_code", text("JP")}}}}}, "JP", 0, ""},
      {"MaxMind ASN",
       {{"autonomous_system_number", {std::uint32_t{64496}}}, {"autonomous_system_organization", text("Example KK")}},
       "",
       64496,
       "Example KK"},
      {"IPinfo",
       {{"country", text("JP")}, {"asn", text("AS64496")}, {"as_name", text("Example KK")}},
       "JP",
       64496,
       "Example KK"},
      {"IPinfo lite",
       {{"country_code", text("JP")}, {"country", text("Japan")}, {"asn", text("AS64496")}},
       "JP",
       64496,
       ""},
      {"ip-location-db", {{"country_code", text("JP")}}, "JP", 0, ""},
      {"strange", {{"country_code", text("Japan")}, {"asn", text("AS64496x")}}, "", 0, ""}};
  for (auto const &layout : layouts) {
    auto writer = MmdbWriter{};
    writer.add("192.0.2.0/24", layout.record);
    writer.add("2001:db8::/32", layout.record);
    write(folder / "place.mmdb", writer.finish("Test"));
    auto const where =
        open(folder, {"where.country_file=" + (folder / "place.mmdb"), "where.asn_file=" + (folder / "place.mmdb")});
    for (auto const *address : {"192.0.2.77", "2001:db8::1"}) {
      auto const found = where->of(ip(address));
      CHECK_MESSAGE(found.country == layout.country, layout.what);
      CHECK_MESSAGE(found.asn == layout.asn, layout.what);
      CHECK_MESSAGE(found.network == layout.network, layout.what);
    }
    CHECK(where->of(ip("198.51.100.1")).empty());
  }
}

TEST_CASE("a list flags the names on it and everything below them, and no name beside or above") {
  auto const folder = TemporaryFolder{};
  write(folder / "dynamic.json", R"({"name": "Dynamic", "version": 20260811, "list": [".dyn-names.com"]})");
  write(folder / "parked.txt", "# name: Parked\n# date: 2026-11-21\na.dyn-names.com\n192.0.2.7\n");
  auto const where =
      open(folder, {"where.lists=dynamic_dns=" + (folder / "dynamic.json") + ",parking=" + (folder / "parked.txt")});
  auto const kinds = [&](std::string_view name) {
    auto all = std::vector<model::FlagKind>{};
    for (auto const &flag : where->of_name(name)) all.push_back(flag.kind);
    return all;
  };
  using Kinds = std::vector<model::FlagKind>;
  CHECK(kinds("dyn-names.com") == Kinds{model::FlagKind::dynamic_dns});
  CHECK(kinds("x.dyn-names.com") == Kinds{model::FlagKind::dynamic_dns});
  CHECK(kinds("b.a.dyn-names.com") == Kinds{model::FlagKind::parking, model::FlagKind::dynamic_dns});
  for (auto const *name : {"com", "xdyn-names.com", "dyn-names.com.example", ""}) CHECK(kinds(name).empty());
  CHECK(where->of(ip("192.0.2.7")).is(model::FlagKind::parking));
  CHECK(source(*where, "dynamic_dns").problem.empty());
}

TEST_CASE("flags come from warninglists and plain lists, each with its list and date") {
  auto const folder = TemporaryFolder{};
  write(folder / "vpn.json",
        R"({"name": "Example VPN", "version": 20260811, "list": ["192.0.2.0/24", "2001:db8::/32"]})");
  write(folder / "exits.txt", "# name: Exits\n# date: 2026-11-21\n192.0.2.7\n");
  write(folder / "proxies.txt", "192.0.2.7:3128\n198.51.100.7:8080\n");
  auto const where = open(folder, {"where.lists=tor=" + (folder / "exits.txt") + ",vpn=" + (folder / "vpn.json") +
                                   ",proxy=" + (folder / "proxies.txt")});
  auto const found = where->of(ip("192.0.2.7"));
  REQUIRE(found.flags.size() == 3);
  CHECK(found.flags[0].kind == model::FlagKind::proxy);
  CHECK(found.flags[0].source == "proxies");
  CHECK(found.flags[0].date == to_string(day_of(system_clock().now())));  // the file's own
  CHECK(found.flags[1] == model::Flag{model::FlagKind::vpn, "Example VPN", "2026-08-11"});
  CHECK(found.flags[2] == model::Flag{model::FlagKind::tor, "Exits", "2026-11-21"});
  CHECK(where->of(ip("198.51.100.7")).flags.size() == 1);
  CHECK(where->of(ip("203.0.113.1")).empty());
  CHECK(source(*where, "tor").entries == 1);
  CHECK(source(*where, "cloud").name.empty());  // "cloud: no source"
  CHECK(source(*where, "country").name.empty());
}

TEST_CASE("a damaged or missing file is named with its problem, and everything else goes on") {
  auto const folder = TemporaryFolder{};
  auto writer = MmdbWriter{};
  writer.add("192.0.2.0/24", {{"country_code", text("JP")}});
  auto const sound = writer.finish("Test");
  write(folder / "exits.txt", "192.0.2.7\n");
  auto const settings = std::vector<std::string>{"where.country_file=" + (folder / "country.mmdb"),
                                                 "where.asn_file=" + (folder / "asn.ranges"),
                                                 "where.lists=tor=" + (folder / "exits.txt")};
  auto refused = 0;
  for (auto at = std::size_t{0}; at < sound.size(); at += 7) {
    auto damaged = sound;
    damaged.resize(at);
    write(folder / "country.mmdb", damaged);
    auto const where = open(folder, settings);
    CHECK(where->of(ip("192.0.2.7")).is(model::FlagKind::tor));
    refused += source(*where, "country").problem.empty() ? 0 : 1;
    CHECK(source(*where, "asn").problem.contains("asn.ranges"));
  }
  CHECK(refused == static_cast<int>((sound.size() + 6) / 7));
  for (auto at = std::size_t{0}; at < sound.size(); at += 5) {  // any byte changed: an answer or none, never a crash
    auto damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x5a);
    write(folder / "country.mmdb", damaged);
    (void)open(folder, settings)->of(ip("192.0.2.7"));
  }
}

TEST_CASE("a changed file is taken at the next look, and a damaged one leaves the last sound one in place") {
  auto const folder = TemporaryFolder{};
  write(folder / "asn.ranges",
        codec::write_range_file({{{ip("192.0.2.0"), ip("192.0.2.255")}, 64496, "One"}}, "t", "2026-11-21"));
  write(folder / "exits.txt", "192.0.2.7\n");
  auto const where =
      open(folder, {"where.asn_file=" + (folder / "asn.ranges"), "where.lists=tor=" + (folder / "exits.txt")});
  CHECK(where->of(ip("192.0.2.7")).network == "One");
  CHECK(!where->reload_if_changed());
  write(folder / "asn.ranges",
        codec::write_range_file({{{ip("192.0.2.0"), ip("192.0.2.255")}, 64497, "Two"}}, "t", "2026-11-22"));
  CHECK(where->reload_if_changed());
  CHECK(where->of(ip("192.0.2.7")).network == "Two");
  write(folder / "asn.ranges", "rubbish");
  write(folder / "exits.txt", "<html>moved</html>\n");
  CHECK(where->reload_if_changed());
  CHECK(where->of(ip("192.0.2.7")).network == "Two");
  CHECK(where->of(ip("192.0.2.7")).is(model::FlagKind::tor));
  CHECK(!source(*where, "asn").problem.empty());
  CHECK(!source(*where, "tor").problem.empty());
}

TEST_CASE("questions go on while files are replaced under them") {
  auto const folder = TemporaryFolder{};
  auto const path = folder / "exits.txt";
  write(path, "192.0.2.7\n");
  auto const where = open(folder, {"where.lists=tor=" + path});
  auto stop = std::atomic{false};
  auto wrong = std::atomic{0};
  auto asker = std::thread{[&] {
    while (!stop)
      if (!where->of(ip("192.0.2.7")).is(model::FlagKind::tor)) ++wrong;
  }};
  for (auto round = 0; round < 50; ++round) {
    write(path, "192.0.2.7\n198.51.100." + std::to_string(round) + "\n");
    where->reload_if_changed();
  }
  stop = true;
  asker.join();
  CHECK(wrong == 0);
}

TEST_CASE("an unknown flag is a clear error") {
  auto const folder = TemporaryFolder{};
  for (auto const *setting : {"where.lists=vnp=/tmp/x", "where.lists=/tmp/x"}) {
    auto const config = Config::load(folder / "none.toml", false, {setting});
    REQUIRE(config);
    auto const where = Where::create({}, *config);
    REQUIRE(!where);
    CHECK(where.error().sentence.contains("where.lists"));
  }
}

TEST_CASE(
    "a list from a URL keeps its last good copy, asks for changes only, and is dated when the server confirms it") {
  auto const folder = TemporaryFolder{};
  auto const url = std::string{"http://lists.example/tor.txt"};
  auto where = open(folder, {"where.lists=tor=" + url});
  auto const config = Config{};
  auto answer = Result<net::Fetched>{net::Fetched{false, "192.0.2.7\n", {"\"v1\"", ""}}};
  auto asked = std::vector<std::string>{};
  auto refresher =
      ListRefresher{*where, folder / "lists", config, [&](std::string const &, net::FetchOptions const &options) {
                      asked.push_back(options.known.etag);
                      return answer;
                    }};
  CHECK(source(*where, "tor").name.empty());
  CHECK(refresher.refresh() == 1);
  CHECK(where->of(ip("192.0.2.7")).flags.at(0).source == "lists.example/tor.txt");
  answer = net::Fetched{true, {}, {}};
  CHECK(refresher.refresh() == 0);
  for (auto const &bad : {Result<net::Fetched>{fail(ErrorCode::unavailable, "no answer")},
                          Result<net::Fetched>{net::Fetched{false, "<html>sorry</html>\n", {}}},
                          Result<net::Fetched>{net::Fetched{false, "\n", {}}}}) {
    answer = bad;
    CHECK(refresher.refresh() == 0);
    CHECK(where->of(ip("192.0.2.7")).is(model::FlagKind::tor));
    CHECK(!source(*where, "tor").problem.empty());
  }
  CHECK(asked == std::vector<std::string>{"", "\"v1\"", "\"v1\"", "\"v1\"", "\"v1\""});
  // Another run, before anything is fetched: the copy answers.
  CHECK(open(folder, {"where.lists=tor=" + url})->of(ip("192.0.2.7")).is(model::FlagKind::tor));
}

TEST_CASE("the lists that the product ships are sound, and say what they are and from when") {
  auto const config = Config{};
  auto const where = Where::create({NOROSHI_SOURCE_DIR "/packs/lists", {}, {}}, config);
  REQUIRE(where);
  auto lists = 0;
  for (auto const &one : (*where)->sources()) {
    CHECK_MESSAGE(one.problem.empty(), one.place << ": " << one.problem);
    if (one.name.empty()) continue;
    ++lists;
    CHECK_MESSAGE(one.date.size() == 10, one.place);
    CHECK_MESSAGE(one.entries > 0, one.place);
  }
  CHECK(lists > 40);
  CHECK((*where)->of(ip("100.64.1.1")).is(model::FlagKind::carrier_nat));
  CHECK((*where)->of(ip("3.5.140.1")).is(model::FlagKind::cloud));
  auto const flag_of = [&](std::string_view name) { return (*where)->of_name(name); };
  REQUIRE(flag_of("kwz81.duckdns.org").size() == 1);
  CHECK(flag_of("kwz81.duckdns.org")[0].kind == model::FlagKind::dynamic_dns);
  CHECK(flag_of("kwz81.duckdns.org")[0].date == "2026-08-19");
  CHECK(flag_of("ns1.sedoparking.com")[0].kind == model::FlagKind::parking);
  // Name servers of registrars and web hosts, whose customers are not parked.
  for (auto const *name : {"someone.wordpress.com", "example.com", "org", "ns1.registrar-servers.com"})
    CHECK_MESSAGE(flag_of(name).empty(), name);
}

}  // namespace noroshi::understand
