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
