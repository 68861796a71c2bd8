#include "model/domain_names.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace noroshi::model;

TEST_CASE("the registrable domain is the public suffix and one label more") {
  CHECK(registrable_domain("a.b.example.com") == "example.com");
  CHECK(registrable_domain("example.com") == "example.com");
  CHECK(registrable_domain("www.example.co.jp") == "example.co.jp");
  CHECK(registrable_domain("a.b.kobe.jp") == "a.b.kobe.jp");        // *.kobe.jp
  CHECK(registrable_domain("www.city.kobe.jp") == "city.kobe.jp");  // !city.kobe.jp
  CHECK(registrable_domain("com").empty());
  CHECK(registrable_domain("co.jp").empty());
  CHECK(registrable_domain("www.xn--85x722f.xn--55qx5d.cn") == "xn--85x722f.xn--55qx5d.cn");
}

TEST_CASE("names under a host of many owners belong to their owners") {
  CHECK(registrable_domain("a.foo.github.io") == "foo.github.io");
  CHECK(registrable_domain("github.io").empty());
  CHECK(is_public_suffix("github.io"));
  CHECK(registrable_domain("x.evil.duckdns.org") == "evil.duckdns.org");
}

TEST_CASE("a top-level domain off the list is a suffix, but not on the list") {
  CHECK(registrable_domain("a.cnc.bazar") == "cnc.bazar");
  CHECK(!is_public_suffix("bazar"));
  CHECK(is_public_suffix("com"));
}

TEST_CASE("parents go from the nearest name to the registrable one and no further") {
  CHECK(parents("a.b.c.example.com") ==
        std::vector<std::string_view>{"b.c.example.com", "c.example.com", "example.com"});
  CHECK(parents("a.foo.github.io") == std::vector<std::string_view>{"foo.github.io"});
  CHECK(parents("example.com").empty());
  CHECK(parents("foo.github.io").empty());
  CHECK(parents("co.jp").empty());
  auto deep = std::string{"example.com"};
  for (auto i = 0; i < 120; ++i) deep.insert(0, "a.");
  CHECK(parents(deep).size() == 120);
}
