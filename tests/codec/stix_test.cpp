#include "codec/stix.hpp"

#include <doctest/doctest.h>

#include "codec/uuid_name.hpp"

using namespace noroshi;
using codec::stix::observable_id;

TEST_CASE("a UUID of a name is the one that RFC 9562 gives as its example") {
  // Appendix A.4: the DNS namespace and "www.example.com".
  auto const dns = *model::Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  CHECK(codec::uuid_of_name(dns, "www.example.com").to_string() == "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST_CASE("observables get the ids that other products give them") {
  // As UUIDv5 of {"value":"198.51.100.3"}, computed with Python.
  CHECK(observable_id(*model::parse_value("198.51.100.3")) == "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4");
  CHECK(observable_id(*model::parse_value("198.51.100.3")) != observable_id(*model::parse_value("198.51.100.4")));
  CHECK(observable_id(*model::parse_value("example.com")).starts_with("domain-name--"));
}

TEST_CASE("patterns quote what would end them") {
  CHECK(codec::stix::pattern({model::ValueType::url, "http://a/'b\\c"}) == R"([url:value = 'http://a/\'b\\c'])");
  CHECK(codec::stix::pattern({model::ValueType::md5, "d41d8cd98f00b204e9800998ecf8427e"}) ==
        "[file:hashes.'MD5' = 'd41d8cd98f00b204e9800998ecf8427e']");
}

TEST_CASE("every type has an observable and a pattern, a pattern alone, or neither, as STIX 2.1 can say it") {
  using codec::stix::pattern;
  using model::ValueType;
  auto const digest = std::string(32, 'a');
  CHECK(pattern({ValueType::ssdeep, "3:a:b"}) == "[file:hashes.'SSDEEP' = '3:a:b']");
  CHECK(pattern({ValueType::tlsh, "T1AB"}) == "[file:hashes.'TLSH' = 'T1AB']");
  CHECK(pattern({ValueType::asn, "AS64500"}) == "[autonomous-system:number = 64500]");
  CHECK(pattern({ValueType::file_name, "a'.exe"}) == R"([file:name = 'a\'.exe'])");
  CHECK(pattern({ValueType::file_name, "C:\\Temp\\a.exe"}) ==
        R"([file:name = 'a.exe' AND file:parent_directory_ref.path = 'C:\\Temp'])");
  CHECK(pattern({ValueType::file_name, "/a"}) == "[file:name = 'a' AND file:parent_directory_ref.path = '/']");
  CHECK(pattern({ValueType::registry_key, "hkey_users\\x"}) == R"([windows-registry-key:key = 'hkey_users\\x'])");
  CHECK(pattern({ValueType::mutex, "Global\\x"}) == R"([mutex:name = 'Global\\x'])");
  CHECK(pattern({ValueType::imphash, digest}) == "[file:extensions.'windows-pebinary-ext'.imphash = '" + digest + "']");
  CHECK(pattern({ValueType::user_agent, "x"}) ==
        "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'x']");
  for (auto const type : {ValueType::ja3, ValueType::ja4, ValueType::hassh, ValueType::cve, ValueType::attack,
                          ValueType::btc, ValueType::eth, ValueType::xmr}) {
    CHECK(codec::stix::observable_type({type, digest}).empty());
    CHECK(pattern({type, digest}).empty());
  }
  CHECK(codec::stix::observable({ValueType::asn, "AS64500"}).find("\"number\":64500") != std::string::npos);
  // As UUIDv5 of {"number":64500} and {"name":"Global\\\\x"}, computed with Python.
  CHECK(observable_id({ValueType::asn, "AS64500"}) == "autonomous-system--0a5f7072-df00-5729-9f0a-4eb18631a446");
  CHECK(observable_id({ValueType::mutex, "Global\\x"}) == "mutex--ae17633a-a726-56e8-8a6a-b5b8e67c9d26");
}
