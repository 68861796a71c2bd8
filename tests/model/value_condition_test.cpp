#include "model/value_condition.hpp"

#include <doctest/doctest.h>

using namespace noroshi;
using namespace noroshi::model;

TEST_CASE("what people type as a range, a domain or a text becomes a condition, and a mistake is named") {
  auto const range = parse_condition("192.0.2.77/24", "", "");
  REQUIRE(range);
  CHECK(range->in->to_string() == "192.0.2.0/24");
  CHECK(parse_condition("2001:db8::1", "", "")->in->length() == 128);
  CHECK(parse_condition("192[.]0[.]2[.]1", "", "")->in->length() == 32);
  CHECK(parse_condition("", "*.Bad[.]Example.COM", "")->below == "bad.example.com");
  CHECK(parse_condition("", "", "Aß")->containing == "Aß");
  CHECK(parse_condition("", "", "")->is_empty());
  CHECK(parse_condition("example.com", "", "").error().sentence.starts_with("in: "));
  CHECK(parse_condition("192.0.2.0/33", "", "").error().sentence.starts_with("in: "));
  CHECK(parse_condition("", "not a name", "").error().sentence.starts_with("below: "));
  CHECK(parse_condition("", "", std::string(257, 'a')).error().code == ErrorCode::too_large);
}

TEST_CASE("letters match in either case only where the type does not tell cases apart") {
  CHECK(contains_text(ValueType::domain, "www.example.com", "W.Ex"));
  CHECK(contains_text(ValueType::url, "http://example.com/Path?Q", "HTTP://EXAMPLE.com/Path"));
  CHECK_FALSE(contains_text(ValueType::url, "http://example.com/Path?Q", "path"));
  CHECK_FALSE(contains_text(ValueType::url, "http://example.com/path", "Path"));
  CHECK(contains_text(ValueType::email, "Ann@example.com", "Ann@EX"));
  CHECK_FALSE(contains_text(ValueType::email, "Ann@example.com", "ANN@"));
  CHECK(contains_text(ValueType::md5, "d41d8cd98f00b204e9800998ecf8427e", "427E"));
  CHECK(contains_text(ValueType::cve, "CVE-2024-3400", "cve-2024"));
  CHECK(contains_text(ValueType::asn, "AS64500", "as645"));
  CHECK(contains_text(ValueType::registry_key, "hkey_local_machine\\software\\x", "Software\\X"));
  CHECK_FALSE(contains_text(ValueType::mutex, "Global\\X", "global"));
  CHECK_FALSE(contains_text(ValueType::domain, "a.com", "a.com.longer"));
}

TEST_CASE("a name is below another at the border of a label") {
  CHECK(is_at_or_below("example.com", "example.com"));
  CHECK(is_at_or_below("a.example.com", "example.com"));
  CHECK_FALSE(is_at_or_below("notexample.com", "example.com"));
  CHECK_FALSE(is_at_or_below("com", "example.com"));
  CHECK_FALSE(is_at_or_below("", "example.com"));
}
