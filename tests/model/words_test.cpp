// The words of every enumeration of the model: stable in JSON and on the command line, and read back as written.
#include <doctest/doctest.h>

#include "model/observation.hpp"
#include "model/ports/indicator_store.hpp"
#include "model/value.hpp"
#include "model/viewer.hpp"

using namespace noroshi;
using namespace noroshi::model;

namespace {

/// `words` are those of the enumerators from number `first` on.
template <class Enum, class Parse>
void check_words(int first, std::initializer_list<std::string_view> words, Parse parse) {
  auto number = first;
  for (auto const word : words) {
    auto const value = static_cast<Enum>(number++);
    CHECK(to_string(value) == word);
    auto const parsed = parse(word);
    REQUIRE_MESSAGE(parsed, word);
    CHECK(*parsed == value);
  }
  CHECK(to_string(static_cast<Enum>(number)) == "unknown");
  auto const refused = parse("no such word");
  REQUIRE(!refused);
  CHECK(refused.error().sentence.find(*words.begin()) != std::string::npos);  // it says what is possible
}

}  // namespace

TEST_CASE("every word reads back as the enumerator it was written for") {
  check_words<Kind>(1,
                    {"opened", "closed", "hello", "login", "command", "request", "payload", "download", "file",
                     "negotiation", "malformed", "limit", "other"},
                    parse_kind);
  check_words<Role>(0, {"unknown", "scanner", "c2", "download", "phishing", "relay", "victim", "benign", "reference"},
                    parse_role);
  check_words<Direction>(0, {"unknown", "inbound", "outbound", "both"}, parse_direction);
  check_words<Evidence>(1, {"claimed", "observed", "verified"}, parse_evidence);
  check_words<CollectedBy>(1, {"decoy", "access_log", "report", "sinkhole", "feed", "analyst"}, parse_collected_by);
  check_words<Tlp>(0, {"clear", "green", "amber", "amber+strict", "red"}, parse_tlp);
  check_words<Pap>(0, {"clear", "green", "amber", "red"}, parse_pap);
  check_words<Scope>(0, {"exact", "subtree"}, parse_scope);
  check_words<UserRole>(1, {"admin", "analyst", "reader", "member", "sensor"}, parse_user_role);
  check_words<MatchKind>(0, {"exact", "range", "parent", "url_no_query", "url_prefix"}, parse_match_kind);
  check_words<ValueType>(
      1, {"ip",     "cidr",       "domain",  "url",    "email", "md5",   "sha1", "sha256",    "sha512",
          "ssdeep", "tlsh",       "imphash", "ja3",    "ja4",   "hassh", "asn",  "file_name", "registry_key",
          "mutex",  "user_agent", "cve",     "attack", "btc",   "eth",   "xmr"},
      parse_value_type);
  CHECK(to_string(Transport::udp) == "udp");
  CHECK(*parse_transport("tcp") == Transport::tcp);
  CHECK(!parse_transport("sctp"));
}

TEST_CASE("markings are read as MISP tags write them") {
  CHECK(*parse_tlp("TLP:AMBER+STRICT") == Tlp::amber_strict);
  CHECK(*parse_tlp("tlp:white") == Tlp::clear);
  CHECK(*parse_pap("PAP:RED") == Pap::red);
  CHECK(!parse_tlp("pap:red"));
}

TEST_CASE("every field has a name of its own and its own row in the table") {
  for (auto i = std::size_t{0}; i < kFieldCount; ++i) {
    CHECK(info(fields()[i].field).name == fields()[i].name);
    for (auto j = i + 1; j < kFieldCount; ++j) CHECK(fields()[i].name != fields()[j].name);
  }
  CHECK(info(Field::password).secret);
  CHECK(info(Field::payload).secret);
  CHECK(!info(Field::username).secret);
}

TEST_CASE("a viewer sees what is marked for it and nothing more") {
  auto const sees = [](UserRole role, Tlp marking) { return Viewer{.role = role}.may_see(marking); };
  for (auto const marking : {Tlp::clear, Tlp::green, Tlp::amber, Tlp::amber_strict, Tlp::red}) {
    CHECK(sees(UserRole::admin, marking));
    CHECK(sees(UserRole::analyst, marking));
    CHECK(sees(UserRole::reader, marking) == (marking != Tlp::red));
    CHECK(sees(UserRole::member, marking) == (marking == Tlp::clear || marking == Tlp::green));
    CHECK(!sees(UserRole::sensor, marking));
  }
  CHECK(node_viewer().may_administer());
}
