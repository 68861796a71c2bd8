// Formats of feeds: what each says of its values.
#include <doctest/doctest.h>

#include "support/feed_findings.hpp"

using namespace noroshi;
using test::FeedFindings;

namespace {

auto day(int year, unsigned month, unsigned date) -> Time {
  return Time{std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(date)}};
}

}  // namespace

TEST_CASE("a plain list has comments, remarks, wildcards and Windows line ends") {
  auto const found =
      FeedFindings::of("plain",
                       "\xef\xbb\xbf# list\r\nexample.com\r\n\r\n; more\n// and more\n192.0.2.0/24 ; SBL1\n"
                       "*.a.example\n.b.example\nhttp://c.example/#top\n last.example\t");
  CHECK(found.texts() == "example.com 192.0.2.0/24 a.example b.example http://c.example/#top last.example");
  CHECK(found.values[0].line == 2);
  CHECK(found.values[1].line == 6);
  CHECK(found.values[0].scope == model::Scope::exact);
  CHECK(found.values[2].scope == model::Scope::subtree);
  CHECK(found.values[3].scope == model::Scope::subtree);
  CHECK(found.lines == 10);
  CHECK(found.comments == 4);
}

TEST_CASE("a line that is too long is refused, and the next one read, whatever the pieces") {
  auto const text = "a.example\n" + std::string(understand::kMaxFeedLine + 5, 'x') + "\nb.example\n" +
                    std::string(understand::kMaxFeedLine * 3, 'y');
  for (auto const piece : {std::size_t{1} << 24, std::size_t{7001}, understand::kMaxFeedLine, std::size_t{1} << 15}) {
    auto const found = FeedFindings::of("plain", text, "list.txt", {}, piece);
    CHECK(found.texts() == "a.example b.example");
    REQUIRE(found.refused.size() == 2);
    CHECK(found.refused[0].line == 2);
    CHECK(found.refused[1].line == 4);
    CHECK(found.refused[0].text.size() < 200);
  }
}

TEST_CASE("a hosts file blocks names with all below them, and its own names are left out") {
  auto const found =
      FeedFindings::of("hosts",
                       "127.0.0.1\tlocalhost\n::1 ip6-localhost\n0.0.0.0 a.example.com  b.example.com#x\n"
                       "192.168.1.1 router.example.com\n0.0.0.0\n# end\n0.0.0.0 0.0.0.0\n");
  CHECK(found.texts() == "a.example.com b.example.com");
  CHECK(found.values[0].scope == model::Scope::subtree);
  CHECK(found.values[0].type == model::ValueType::domain);
  CHECK(found.left_out.size() == 3);
  REQUIRE(found.refused.size() == 2);
  CHECK(found.refused[0].line == 4);
  CHECK(found.refused[1].reason == "no name behind the address");
}

TEST_CASE("CSV by numbers: a header is told from data, quotes and blanks are taken off") {
  auto const found =
      FeedFindings::of("csv",
                       "ip_address,seen,score\n192.0.2.1,2026-01-02,90\n\"192.0.2.2\", \"1767312000\" ,\"5\"\n"
                       ",2026-01-02,1\n192.0.2.3,yesterday,1\n192.0.2.4,2026-01-02,101\n192.0.2.5\n",
                       "a.csv", "value=1,first_seen=2,confidence=3");
  CHECK(found.texts() == "192.0.2.1 192.0.2.2 192.0.2.5");
  CHECK(found.comments == 1);
  CHECK(found.values[0].first == day(2026, 1, 2));
  CHECK(found.values[0].facts.confidence == 90);
  CHECK(found.values[1].first == day(2026, 1, 2));
  REQUIRE(found.refused.size() == 3);
  CHECK(found.refused[0].reason == "no value in its column");
  CHECK(found.refused[1].line == 5);
}

TEST_CASE("CSV by names: the header may be a comment, and tags, roles and references are read") {
  auto const found = FeedFindings::of(
      "csv",
      "# made by hand\n# \"id\",\"url\",\"dateadded\",\"tags\",\"ref\",\"kind\"\n"
      "\"1\",\"http://a.example/\",\"2026-01-02 03:04:05\",\"elf,Mozi\",\"https://r.example/1\",\"download\"\n",
      "a.csv", "value=url,first_seen=dateadded,tags=tags,reference=ref,role=kind");
  REQUIRE(found.values.size() == 1);
  auto const &value = found.values[0];
  CHECK(value.first == day(2026, 1, 2) + std::chrono::hours{3} + std::chrono::minutes{4} + std::chrono::seconds{5});
  CHECK(value.facts.tags == std::vector<std::string>{"elf", "Mozi"});
  CHECK(value.facts.report == "https://r.example/1");
  CHECK(value.facts.role == model::Role::download);
  CHECK(found.refused.empty());
}

TEST_CASE("a column map that cannot be is refused with what is possible") {
  auto const csv = Registry<understand::FeedFormat>::instance().create("csv");
  CHECK(csv->set_columns("first_seen=1").error().sentence.contains("value=1"));
  CHECK(csv->set_columns("value=1,color=2").error().sentence.contains("confidence"));
  CHECK(csv->set_columns("value").error().code == ErrorCode::malformed);
  CHECK(Registry<understand::FeedFormat>::instance().create("plain")->set_columns("value=1").error().code ==
        ErrorCode::malformed);
}

TEST_CASE("maltrail: families, references, ports, and all its shapes of lines") {
  auto const found = FeedFindings::of(
      "maltrail",
      "# Copyright (c) 2014-2026 Maltrail developers\n\n# Aliases: a, b\n\n# Reference: https://r.example/1\n"
      "# Refereence: https://r.example/2 (# 2025-05-04)\n\n198.51.100.7:443\n[2001:db8::1]:8080\nc2.example.com\n"
      "# TITLE=panel\nmore.example.com # was: other\n.dyn.example.net\n\n# Reference: https://r.example/3\n"
      "http://203.0.113.9\nwww.example.org/gate.php\n/bins.sh\nvh[0-9]{6}\\.example\\.ru\n.cc\n# Generic\n192.0.2.5\n",
      "trails/static/malware/apt_fox-1.txt");
  CHECK(found.texts() ==
        "198.51.100.7:443 [2001:db8::1]:8080 c2.example.com more.example.com dyn.example.net http://203.0.113.9 "
        "www.example.org/gate.php 192.0.2.5");
  auto const &first = found.values[0];
  CHECK(first.facts.report == "https://r.example/1, https://r.example/2");
  CHECK(first.facts.tags == std::vector<std::string>{"malware:apt_fox", "port:443"});
  CHECK(first.facts.attribute == "ip-dst|port");
  CHECK(first.facts.role == model::Role::c2);
  CHECK(first.facts.to_ids == true);
  CHECK(found.values[1].facts.tags.back() == "port:8080");
  CHECK(found.values[2].facts.tags == std::vector<std::string>{"malware:apt_fox"});
  CHECK(found.values[3].facts.report == first.facts.report);
  CHECK(found.values[4].scope == model::Scope::subtree);
  CHECK(found.values[5].facts.report == "https://r.example/3");
  CHECK(found.values[7].facts.report.empty());
  REQUIRE(found.left_out.size() == 3);
  CHECK(found.left_out[0].reason == "a URL's path without a host");
  CHECK(found.left_out[1].reason == "a regular expression");
  CHECK(found.left_out[2].reason == "a whole top-level domain");
}

TEST_CASE("maltrail: the folder and the name of a list say what its values are for") {
  auto const facts = [](std::string_view file) {
    auto const found = FeedFindings::of("maltrail", "192.0.2.1\n", file);
    return found.values.at(0).facts;
  };
  CHECK(facts("m/mass_scanner.txt").role == model::Role::scanner);
  CHECK(facts("m/malicious/keitaro_tds.txt").role == model::Role::download);
  CHECK(facts("m/malicious/havoc_c2.txt").role == model::Role::c2);
  CHECK_FALSE(facts("m/malicious/woof.txt").role.has_value());
  CHECK(facts("m/suspicious/onion.txt").to_ids == false);
  CHECK(facts("m/suspicious/onion.txt").confidence == 25);
  CHECK(facts("m/malware/sinkhole_rsa.txt").to_ids == false);
}

TEST_CASE("MISP: what an event says holds for its attributes, wherever it stands") {
  auto const found = FeedFindings::of(
      "misp",
      R"({"Event":{"Attribute":[{"type":"domain|ip","value":"a.example.com|192.0.2.1","to_ids":true,)"
      R"("first_seen":"2026-01-02T00:00:00+00:00","Tag":[{"name":"tlp:red"},{"name":"loader"}]},)"
      R"({"type":"ip-src","value":"192.0.2.0/24","timestamp":"1767312000"},)"
      R"({"type":"md5","value":"d41d8cd98f00b204e9800998ecf8427e","deleted":true},{"type":"comment","value":"x"}],)"
      R"("Tag":[{"name":"tlp:amber"}],"info":"Winter","uuid":"u1"}})",
      "u1.json");
  REQUIRE(found.values.size() == 3);
  CHECK(found.texts() == "a.example.com 192.0.2.1 192.0.2.0/24");
  CHECK(found.values[0].facts.report == "Winter");
  CHECK(found.values[0].facts.tlp == model::Tlp::red);
  CHECK(found.values[0].facts.tags == std::vector<std::string>{"loader"});
  CHECK(found.values[0].facts.attribute == "domain|ip");
  CHECK(found.values[0].first == day(2026, 1, 2));
  CHECK(found.values[2].type == model::ValueType::cidr);
  CHECK(found.values[2].facts.tlp == model::Tlp::amber);
  CHECK(found.values[2].facts.direction == model::Direction::inbound);
  CHECK(found.values[2].first == day(2026, 1, 2));
  CHECK(found.left_out.size() == 2);
}

TEST_CASE("MISP: an event that the manifest names and the folder lacks is told") {
  auto const misp = Registry<understand::FeedFormat>::instance().create("misp");
  auto found = FeedFindings{};
  found.read(*misp, "u1.json", R"({"Event":{"uuid":"u1","info":"x","Attribute":[]}})");
  found.read(*misp, "manifest.json", R"({"u1":{"info":"x"},"u2":{"info":"y"}})");
  misp->end(found);
  REQUIRE(found.refused.size() == 1);
  CHECK(found.refused[0].text == "u2.json");
  CHECK(found.holes == 1);
}

TEST_CASE("STIX: patterns give their values, and what means more or less than a value is left out") {
  auto const indicator = [](std::string_view pattern, std::string_view more = "") {
    auto const bundle = fmt::format(
        R"({{"type":"bundle","id":"bundle--1","objects":[{{"type":"indicator","id":"indicator--1","pattern":"{}",)"
        R"("valid_from":"2026-01-02T00:00:00Z"{}}}]}})",
        pattern, more);
    return FeedFindings::of("stix", bundle, "b.json", {}, 7);
  };
  CHECK(indicator("[ipv4-addr:value = '192.0.2.1'] OR [url:value = 'http://a.example/']").texts() ==
        "192.0.2.1 http://a.example/");
  CHECK(indicator("[domain-name:value IN ('a.example', 'b.example')]").texts() == "a.example b.example");
  CHECK(indicator("[file:hashes.'SHA-256' = 'ab' AND file:hashes.MD5 = 'cd']").texts() == "ab cd");
  CHECK(indicator("[url:value = 'http://a.example/it\\\\'s']").texts() == "http://a.example/it's");
  CHECK(indicator("[ipv4-addr:value = '198.51.100.0/24']").values[0].type == model::ValueType::cidr);
  CHECK(indicator("[ipv4-addr:value = '192.0.2.1' AND file:name = 'x']").left_out.at(0).reason == "a pattern with AND");
  CHECK(indicator("[url:value LIKE 'http://%']").left_out.at(0).reason == "a pattern with LIKE");
  CHECK(indicator("[process:name = 'x']").left_out.size() == 1);
  CHECK(indicator("[ipv4-addr:value = '192.0.2.1").refused.size() == 1);
  CHECK(indicator("nonsense").refused.size() == 1);
  auto const whole = indicator("[domain-name:value = 'a.example']",
                               R"(,"valid_until":"2026-02-02T00:00:00Z","confidence":80,"labels":["c2","emotet"],)"
                               R"("object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"])");
  REQUIRE(whole.values.size() == 1);
  CHECK(whole.values[0].facts.role == model::Role::c2);
  CHECK(whole.values[0].facts.tags == std::vector<std::string>{"emotet"});
  CHECK(whole.values[0].facts.tlp == model::Tlp::green);
  CHECK(whole.values[0].facts.confidence == 80);
  CHECK(whole.values[0].expiry == day(2026, 2, 2));
  CHECK(indicator("[domain-name:value = 'a.example']", R"(,"revoked":true)").left_out.at(0).reason ==
        "revoked at its source");
}

TEST_CASE("STIX: a bundle that is cut off says so, and what came before counts") {
  auto const fixture = test::feed_fixtures().at("stix");
  auto const cut = FeedFindings::of("stix", std::string_view{fixture.bytes}.substr(0, fixture.bytes.size() - 2));
  CHECK(cut.texts() == "c2.example.org");
  CHECK(cut.refused.size() == 1);
  CHECK(cut.holes == 1);
}

TEST_CASE("STIX: a marking holds wherever the bundle defines it, and one that it does not define is red") {
  auto const definition = [](std::string_view id, std::string_view what) {
    return fmt::format(R"({{"type":"marking-definition","id":"marking-definition--{}",{}}})", id, what);
  };
  auto const indicator = [](std::string_view value, std::string_view mark) {
    return fmt::format(R"({{"type":"indicator","id":"indicator--1","pattern":"[domain-name:value = '{}']",)"
                       R"("valid_from":"2026-01-02T00:00:00Z",{}}})",
                       value, mark);
  };
  auto const refs = [](std::string_view id) {
    return fmt::format(R"("object_marking_refs":["marking-definition--{}"])", id);
  };
  auto const bundle = fmt::format(
      R"({{"type":"bundle","id":"bundle--1","objects":[{},{},{},{},{},{},{},{},{},{}]}})",
      definition("before", R"("definition_type":"tlp","definition":{"tlp":"red"})"),
      indicator("a.example", refs("before")), indicator("b.example", refs("behind")),
      indicator("c.example", refs("nowhere")), indicator("d.example", refs("notice")),
      indicator("e.example", R"("granular_markings":[{"marking_ref":"marking-definition--before","selectors":["x"]}])"),
      indicator("f.example", refs("extended")),
      definition("behind", R"("definition_type":"tlp","definition":{"tlp":"green"})"),
      definition("notice", R"("definition_type":"statement","definition":{"statement":"ours"})"),
      definition("extended", R"("extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":)"
                             R"({"tlp_2_0":"amber+strict"}})"));
  for (auto const piece : {std::size_t{1} << 20, std::size_t{11}}) {
    auto const found = FeedFindings::of("stix", bundle, "b.json", {}, piece);
    auto tlp = std::map<std::string, std::optional<model::Tlp>>{};
    for (auto const &value : found.values) tlp[value.text] = value.facts.tlp;
    CHECK(tlp.size() == 6);
    CHECK(tlp["a.example"] == model::Tlp::red);
    CHECK(tlp["b.example"] == model::Tlp::green);
    CHECK(tlp["c.example"] == model::Tlp::red);
    CHECK(tlp["d.example"] == std::nullopt);
    CHECK(tlp["e.example"] == model::Tlp::red);
    CHECK(tlp["f.example"] == model::Tlp::amber_strict);
    REQUIRE(found.changed.size() == 1);
    CHECK(found.changed[0].text == "c.example");
  }
}

TEST_CASE("STIX: marks in a shape that no bundle has are red") {
  for (auto const *marks :
       {R"("object_marking_refs":"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9")",
        R"("object_marking_refs":[7])", R"("granular_markings":{})", R"("granular_markings":[{"selectors":["x"]}])"}) {
    auto const found = FeedFindings::of(
        "stix",
        fmt::format(R"({{"objects":[{{"type":"indicator","pattern":"[domain-name:value = 'a.example']",{}}}]}})",
                    marks));
    REQUIRE(found.values.size() == 1);
    CHECK_MESSAGE(found.values[0].facts.tlp == model::Tlp::red, marks);
    CHECK(found.changed.size() == 1);
  }
  auto const language =
      FeedFindings::of("stix", R"({"objects":[{"type":"indicator","pattern":"[domain-name:value = 'a.example']",)"
                               R"("granular_markings":[{"lang":"ja","selectors":["name"]}]}]})");
  CHECK(language.values.at(0).facts.tlp == std::nullopt);
}

TEST_CASE("MISP: what is no event is a hole in the feed") {
  CHECK(FeedFindings::of("misp", R"({"error":"too many requests"})", "5f0a.json").holes == 1);
}

TEST_CASE("MISP: a TLP marking that nobody knows is red") {
  auto const found = FeedFindings::of("misp",
                                      R"({"Event":{"uuid":"u1","info":"x","Tag":[{"name":"Tlp:unclear"}],"Attribute":)"
                                      R"([{"type":"domain","value":"a.example.com"}]}})",
                                      "u1.json");
  REQUIRE(found.values.size() == 1);
  CHECK(found.values[0].facts.tlp == model::Tlp::red);
  CHECK(found.changed.size() == 1);
}

TEST_CASE("UTF-16 is told by a file's first bytes, and no format is recognised in it") {
  CHECK(
      understand::is_utf16("\xff\xfe"
                           "a"));
  CHECK(understand::is_utf16("\xfe\xff"));
  CHECK(understand::is_utf16(std::string_view{"a\0b\0", 4}));
  CHECK(understand::is_utf16(std::string_view{"\0a\0b", 4}));
  CHECK_FALSE(
      understand::is_utf16("\xef\xbb\xbf"
                           "a"));
  CHECK_FALSE(understand::is_utf16(std::string_view{"\0\0\0\0", 4}));
  CHECK_FALSE(understand::is_utf16("a"));
  auto const refused = understand::recognise_feed({.file = "x",
                                                   .beginning = "\xff\xfe"
                                                                "1",
                                                   .is_whole = true});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().sentence.contains("iconv"));
}

TEST_CASE("a feed's times come in the ways that feeds write them") {
  auto const expected = day(2026, 1, 31) + std::chrono::hours{10} + std::chrono::minutes{20} + std::chrono::seconds{30};
  for (auto const text : {"2026-01-31T10:20:30Z", "2026-01-31 10:20:30", "2026-01-31 10:20:30 UTC", "1769854830",
                          "1769854830000", " 2026-01-31T10:20:30 "})
    CHECK_MESSAGE(understand::parse_feed_time(text).value_or(Time{}) == expected, text);
  CHECK(understand::parse_feed_time("2026-01-31").value_or(Time{}) == day(2026, 1, 31));
  CHECK_FALSE(understand::parse_feed_time("31.1.2026"));
  CHECK_FALSE(understand::parse_feed_time(""));
}
