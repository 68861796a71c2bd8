#include "search/show.hpp"

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "search/fixture.hpp"

using namespace noroshi;
using namespace noroshi::search;
using model::Evidence;
using model::UserRole;
using noroshi::test::Node;

namespace {

auto const kAddress = model::IpAddress::v4(0xc633'6407);  // 198.51.100.7 is documentation space, so special
auto const kPublic = model::IpAddress::v4(0x0808'0404);

auto parsed(Result<std::string> const &shown) -> boost::json::object {
  REQUIRE_MESSAGE(shown.has_value(), (shown ? "" : shown.error().sentence));
  return boost::json::parse(*shown).as_object();
}

auto attacker(model::IpAddress address) -> model::Profile {
  auto profile = model::Profile{};
  profile.address = address;
  profile.sessions = 4;
  profile.observations = 20;
  profile.logins = 3;
  profile.commands = 2;
  profile.spoofable = false;
  profile.ports = {23, 2323};
  profile.source_ports = {40'001};
  profile.first_seen = Time{std::chrono::days{19'990}};
  profile.last_seen = Time{std::chrono::days{19'999}};
  return profile;
}

auto login_observation(model::VisitId visit) -> model::StoredObservation {
  auto one = model::StoredObservation{};
  one.visit = visit;
  one.kind = model::Kind::login;
  one.source = {kPublic, 40'001};
  one.destination = {kAddress, 23};
  one.service = "telnet";
  one.sensor = {1};
  one.extra = R"({"n":1})";
  one.fields = {
      {model::Field::username, "root", 0}, {model::Field::password, "hunter2", 0}, {model::Field::accepted, "", 1}};
  return one;
}

}  // namespace

TEST_CASE("show ip has every member that is promised, also for an address that nobody knows") {
  auto node = Node{};
  auto const shown = parsed(show_ip("8.8.4.4", test::viewer(UserRole::reader), "en", node.knowledge));
  for (auto const *member : {"ip", "verdict", "reasons", "first_seen", "last_seen", "sessions", "observations", "ports",
                             "src_ports", "country", "asn", "network", "flags", "cves", "fingerprints", "tags"})
    CHECK_MESSAGE(shown.contains(member), member);
  CHECK(shown.at("verdict") == "unknown");
  CHECK(shown.at("known") == false);
  CHECK(shown.at("first_seen").is_null());
  CHECK(shown.at("reasons").as_array().at(0).as_object().at("code") == "nothing_known");
  for (auto const *member : {"ja3", "ja4", "hassh"}) CHECK(shown.at("fingerprints").as_object().contains(member));
}

TEST_CASE("an address that logs in to decoys and types commands is malicious, with each reason in words") {
  auto node = Node{};
  node.observations.profiles[kPublic] = attacker(kPublic);
  auto const shown = parsed(show_ip("8.8.4[.]4", test::viewer(UserRole::reader), "en", node.knowledge));
  CHECK(shown.at("verdict") == "malicious");
  CHECK(shown.at("sessions") == 4);
  CHECK(shown.at("ports").as_array().size() == 2);
  CHECK(shown.at("first_seen") == "2024-09-24T00:00:00.000000Z");
  auto codes = std::string{};
  for (auto const &reason : shown.at("reasons").as_array()) {
    codes += std::string{reason.as_object().at("code").as_string()} + " ";
    CHECK(reason.as_object().at("sentence").as_string().size() > 10);
  }
  CHECK(codes == "ran_commands tried_logins visited_decoys ");
}

TEST_CASE("connecting alone makes a scanner, a forged source gets no verdict, and benign outweighs scanning only") {
  auto profile = attacker(kPublic);
  profile.logins = profile.commands = 0;
  auto const value = model::Value{model::ValueType::ip, "8.8.4.4"};
  CHECK(judge_source(value, profile, {}).verdict == Verdict::scanner);
  auto benign = NamedHit{};
  benign.hit.indicator = value;
  benign.hit.context.role = model::Role::benign;
  benign.hit.context.evidence = Evidence::observed;
  benign.hit.context.collected_by = model::CollectedBy::analyst;
  CHECK(judge_source(value, profile, std::span{&benign, 1}).verdict == Verdict::benign);
  profile.downloads = 1;
  CHECK(judge_source(value, profile, std::span{&benign, 1}).verdict == Verdict::malicious);
  profile.spoofable = true;
  auto const forged = judge_source(value, profile, {});
  CHECK(forged.verdict == Verdict::unknown);
  CHECK(forged.reasons.at(0).code == "spoofable");
}

TEST_CASE("a URL that only attackers typed is suspicious at most, a reported one malicious") {
  auto claimed = NamedHit{};
  claimed.hit.context.role = model::Role::download;
  claimed.hit.context.evidence = Evidence::claimed;
  for (auto const by : {model::CollectedBy::decoy, model::CollectedBy::access_log}) {
    claimed.hit.context.collected_by = by;
    CHECK(judge_thing({}, std::span{&claimed, 1}).verdict == Verdict::suspicious);
  }
  claimed.hit.context.collected_by = model::CollectedBy::report;
  CHECK(judge_thing({}, std::span{&claimed, 1}).verdict == Verdict::malicious);
  CHECK(judge_thing({1, 0}, {}).verdict == Verdict::unknown);
  CHECK(judge_thing({2, 1}, {}).verdict == Verdict::suspicious);
}

TEST_CASE("a session shows its observations with fields by name, and secrets only to those who may see them") {
  auto node = Node{};
  auto const visit = model::Uuid{1, 2};
  node.observations.observations = {login_observation(visit)};
  auto const full = parsed(show_session(visit.to_string(), test::viewer(UserRole::analyst), node.knowledge));
  auto const &seen = full.at("observations").as_array().at(0).as_object();
  CHECK(seen.at("kind") == "login");
  CHECK(seen.at("username") == "root");
  CHECK(seen.at("password") == "hunter2");
  CHECK(seen.at("accepted") == true);
  CHECK(seen.at("extra").as_object().at("n") == 1);
  CHECK(full.at("sensor") == "sensor");
  auto const less = show_session(visit.to_string(), test::viewer(UserRole::reader), node.knowledge);
  REQUIRE(less);
  CHECK(less->find("hunter2") == std::string::npos);
}

TEST_CASE("an extra that a hostile sensor wrote cannot break the answer's JSON") {
  auto node = Node{};
  auto one = login_observation({1, 2});
  for (auto const *extra : {"{", "}{", "\xff", "1,\"x\":2", "{\"a\":NaN}", "nul"}) {
    one.extra = extra;
    node.observations.observations = {one};
    auto const shown = parsed(show_session(one.visit.to_string(), test::viewer(UserRole::reader), node.knowledge));
    CHECK(shown.at("observations").as_array().at(0).as_object().at("extra").is_string());
  }
}

TEST_CASE("an unknown session, and any session for a member of the alliance, is not found; a broken id is malformed") {
  auto node = Node{};
  auto const visit = model::Uuid{1, 2};
  CHECK(show_session(visit.to_string(), test::viewer(UserRole::admin), node.knowledge).error().code ==
        ErrorCode::not_found);
  node.observations.observations = {login_observation(visit)};
  CHECK(show_session(visit.to_string(), test::viewer(UserRole::member), node.knowledge).error().code ==
        ErrorCode::not_found);
  CHECK(show_session("x", test::viewer(UserRole::admin), node.knowledge).error().code == ErrorCode::malformed);
}

TEST_CASE("show url names who asked for it, and a member of the alliance sees no observations") {
  auto node = Node{};
  auto one = login_observation({1, 2});
  one.kind = model::Kind::download;
  one.fields = {{model::Field::url, "http://example.com/x.sh", 0}};
  node.observations.observations = {one};
  auto const shown =
      parsed(show_thing("url", "hxxp://example[.]com/x.sh", test::viewer(UserRole::reader), "en", node.knowledge));
  CHECK(shown.at("url") == "http://example.com/x.sh");
  CHECK(shown.at("verdict") == "suspicious");
  CHECK(shown.at("sources").as_array().at(0) == "8.8.4.4");
  CHECK(shown.at("mentions").as_array().size() == 1);
  auto const member =
      parsed(show_thing("url", "http://example.com/x.sh", test::viewer(UserRole::member), "en", node.knowledge));
  CHECK(member.at("mentions").as_array().empty());
  CHECK(member.at("known") == false);
}

TEST_CASE("show hash takes hashes only") {
  auto node = Node{};
  auto const wrong = show_thing("hash", "example.com", test::viewer(UserRole::reader), "en", node.knowledge);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::malformed);
  auto const md5 = parsed(
      show_thing("hash", "D41D8CD98F00B204E9800998ECF8427E", test::viewer(UserRole::reader), "en", node.knowledge));
  CHECK(md5.at("type") == "md5");
  CHECK(md5.at("hash") == "d41d8cd98f00b204e9800998ecf8427e");
}
